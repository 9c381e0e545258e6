# A sum of two quantised tensors, as QLinearAdd has it: bytes to floats, an addition, and back to bytes, rounded and saturated.
#   systole sim examples/08-vector-types.s
# a has scale 0.05 and zero point 3, b 0.02 and -10, the sum 0.06 and 5. Each vec converts on its way in and out.
.machine textbook-single
.input  a, 0, i8[256]
.input  b, 256, i8[256]
.output y, 512, i8[256]

        cfg.dimi R0, 0, 512, 1
        load     nram, r0, r0, R0, R0, i8
        signal   load, 0

        cfg.dimi R1, 0, 256, 1       # bytes
        cfg.dimi R2, 0, 256, 4       # words
        li       r1, 256             # b
        li       r2, 1024            # a as floats, then the sum
        li       r3, 2048            # b as floats
        li       r4, 512             # y, in NRAM and in DRAM
        li       r5, 0.05f
        li       r6, 0.02f
        li       r7, 0.06f
        li       r8, 3
        li       r9, -10
        li       r10, 5
        wait     vector, 0
        cfg.zero r8
        vec.dequant r2, r0, r5, R1, R0, R2, i8, scalar, to f32
        cfg.zero r9
        vec.dequant r3, r1, r6, R1, R0, R2, i8, scalar, to f32
        vec.add  r2, r2, r3, R2, R2, R2, f32, record
        cfg.zero r10
        vec.quant r4, r2, r7, R2, R0, R1, f32, scalar, to i8
        signal   vector, 1

        wait     store, 1
        store    nram, r4, r4, R1, R1, i8
        halt
