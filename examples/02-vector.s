# y = exp(x) · 2 on 256 numbers, in two halves: the second is loaded while the first is computed.
#   systole sim examples/02-vector.s
.machine textbook-single
.input x, 0, f32[256]
.output y, 1024, f32[256]

        cfg.dimi R0, 0, 128, 4       # 128 neighbouring floats
        li       r2, 512             # bytes of a half
        li       r3, 1024            # y in DRAM
        li       r4, 2.0f

        load     nram, r0, r0, R0, R0, f32
        signal   load, 0             # the first half is there
        load     nram, r2, r2, R0, R0, f32
        signal   load, 0

        li       r1, 0               # the half in NRAM, and in x
.node "exp"
        loopi 2
        wait     vector, 0
        vec.exp  r1, r1, r0, R0, R0, R0, f32
        vec.mul  r1, r1, r4, R0, R0, R0, f32, scalar
        signal   vector, 1           # a half is computed
        wait     store, 1
        add      r5, r3, r1
        store    nram, r5, r1, R0, R0, f32
        add      r1, r1, r2
        endloop
        halt
