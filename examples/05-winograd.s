# A 3 x 3 convolution of 16 channels to 16 filters over 8 x 8 pixels, twice: by nine weights a pixel, and by F(2x2, 3x3) of
# Winograd, whose tiles of 4 x 4 inputs give 2 x 2 outputs with 16 products where nine weights take 36.
#   systole sim examples/05-winograd.s
# The input has a line of zeros on each side; weights stand as (ky, kx, c, n).
.machine textbook-extended
.input  x, 0, f32[10, 10, 16]
.input  w, 8192, f32[3, 3, 16, 16]
.output direct, 20480, f32[8, 8, 16]
.output winograd, 24576, f32[8, 8, 16]

        cfg.dimi R0, 0, 1600, 4      # x
        cfg.dimi R1, 0, 2304, 4      # w
        cfg.dimi R2, 0, 1024, 4      # a result
        li       r1, 8192            # w in DRAM; in NRAM the direct result; in WRAM (behind w, 9216 bytes) the transformed kernels
        li       r2, 20480
        li       r3, 24576
        load     nram, r0, r0, R0, R0, f32
        load     wram, r0, r1, R1, R1, f32
        sync

.node "direct"
        cfg.dimi R3, 0, 8, 64        # pixels: 16 channels of 4 bytes apart, lines of 10 pixels
        cfg.dimi R3, 1, 8, 640
        cfg.dimi R4, 0, 48, 4        # kx and c follow each other: runs of 48
        cfg.dimi R4, 1, 3, 640
        cfg.dimi R5, 0, 8, 64        # results: 16 filters of 4 bytes
        cfg.dimi R5, 1, 8, 512
        cfg.dimi R5, 4, 16, 0
        mma      r1, r0, r0, R3, R4, R5, r0, r0, f32, clear, drain
        sync
        store    nram, r2, r1, R2, R2, f32
        sync

.node "weights"
        cfg.dimi R6, 0, 16, 4        # filters
        cfg.dimi R6, 1, 16, 64       # channels
        cfg.dimi R6, 3, 3, 1024      # kx
        cfg.dimi R6, 4, 3, 3072      # ky
        cfg.dimi R7, 0, 1, 4         # a matrix of channels x filters, 1024 bytes, for each of 4 x 4 positions
        cfg.dimi R7, 1, 1, 64
        cfg.dimi R7, 3, 1, 1024
        cfg.dimi R7, 4, 1, 4096
        li       r4, 9216
        wino.weight r4, r0, R7, R6, f32, f2, wram, wram

.node "inputs"
        cfg.dimi R8, 0, 16, 4        # channels
        cfg.dimi R8, 1, 4, 128       # tiles begin every second pixel
        cfg.dimi R8, 2, 4, 1280
        cfg.dimi R8, 3, 4, 64        # and have 4 x 4
        cfg.dimi R8, 4, 4, 640
        cfg.dimi R9, 0, 1, 4         # a matrix of 16 tiles x 16 channels for each position
        cfg.dimi R9, 1, 1, 64
        cfg.dimi R9, 2, 1, 256
        cfg.dimi R9, 3, 1, 1024
        cfg.dimi R9, 4, 1, 4096
        li       r5, 16384
        wino.input  r5, r0, R9, R8, f32, f2
        signal   winograd, 0         # both are transformed

.node "products"
        cfg.dimi R10, 0, 16, 64      # tiles
        cfg.dimi R11, 0, 16, 4       # channels
        cfg.dimi R12, 0, 16, 64      # products: tiles x filters
        cfg.dimi R12, 4, 16, 0
        li       r6, 32768
        add      r10, r4, r0
        add      r11, r5, r0
        add      r12, r6, r0
        wait     matrix, 0
        loopi 16                     # one product for each position
        mma      r12, r11, r10, R10, R11, R12, r0, r0, f32, clear, drain
        addi     r10, r10, 1024
        addi     r11, r11, 1024
        addi     r12, r12, 1024
        endloop
        signal   matrix, 1

.node "outputs"
        cfg.dimi R13, 0, 16, 4       # filters, tiles and positions of the products
        cfg.dimi R13, 1, 4, 64
        cfg.dimi R13, 2, 4, 256
        cfg.dimi R13, 3, 4, 1024
        cfg.dimi R13, 4, 4, 4096
        cfg.dimi R14, 0, 1, 4        # 2 x 2 pixels for each tile, with their filters side by side again
        cfg.dimi R14, 1, 1, 128
        cfg.dimi R14, 2, 1, 1024
        cfg.dimi R14, 3, 1, 64
        cfg.dimi R14, 4, 1, 512
        li       r7, 49152
        wait     winograd, 1
        wino.output r7, r6, R14, R13, f32, f2
        signal   winograd, 2
        wait     store, 2
        store    nram, r3, r7, R2, R2, f32
        halt
