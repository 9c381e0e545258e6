# A quantised layer: 12 vectors of 64 bytes by 64 x 40 weights of 8 bits, with biases, a ReLU, and a scale for each filter, in one mma.
#   systole sim examples/06-integers.s
# x holds u8 with zero point 128, w i8 without one; y = u8 with zero point 7. What QLinearMatMul of ONNX computes, bias and ReLU
# beside. The constants are made up.
.machine textbook-single-i8x4
.input  x, 0, u8[12, 64]
.input  w, 768, i8[2560]             # k-major by groups of Tn filters (32 in i8): 64 rows of 32, then 64 rows of 8
.input  bias, 3328, i32[40]
.input  scale, 3488, f32[40]         # f32(sA * sW[n] / sC)
.output y, 3648, u8[12, 40]

        li       r1, 768             # parameters in DRAM
        li       r2, 3648            # y in DRAM
        li       r3, 1024            # y in NRAM
        li       r4, 2560            # biases in WRAM, scales behind them
        cfg.dimi R0, 0, 768, 1       # x
        cfg.dimi R1, 0, 2880, 1      # w, bias and scale follow each other
        load     nram, r0, r0, R0, R0, u8
        load     wram, r0, r1, R1, R1, u8
        signal   load, 0

        cfg.dimi R2, 0, 12, 64       # pixels: the vectors
        cfg.dimi R3, 0, 64, 1        # reduction
        cfg.dimi R4, 0, 12, 40       # results: rows of 40 bytes
        cfg.dimi R4, 4, 40, 32       # 40 filters; a group of 32 bytes
        li       r5, 0x7fffffff
        cfg.act  r0, r5              # ReLU: sums from 0 up
        cfg.quant 128, 0, 7, weights i8  # zero points of x, w and y; weights are i8 though x is u8
        wait     matrix, 0
        mma      r3, r0, r0, R2, R3, R4, r0, r4, u8, clear, drain, bias, clamp, to u8
        signal   matrix, 1

        cfg.dimi R5, 0, 480, 1
        wait     store, 1
        store    nram, r2, r3, R5, R5, u8
        halt
