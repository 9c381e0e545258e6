# No sync between the loads and the product.
.dram 180224
.input x, 0, f32[32, 256]
.input w, 32768, f32[256, 128]
.output y, 163840, f32[32, 128]
cfg.dimi R0, 0, 16, 4
cfg.dimi R0, 1, 256, 512
cfg.dimi R0, 2, 8, 64
cfg.dimi R1, 0, 8192, 4
cfg.dimi R2, 0, 4096, 4
cfg.dimi R3, 0, 32, 1024
cfg.dimi R4, 0, 256, 4
cfg.dimi R5, 0, 32, 512
cfg.dimi R5, 4, 128, 64
cfg.dimi R6, 0, 16, 4
cfg.dimi R6, 1, 256, 64
cfg.dimi R6, 2, 8, 16384
li r1, 32768
li r2, 163840
load nram, r0, r0, R1, R1, f32
load wram, r0, r1, R6, R0, f32
mma r1, r0, r0, R3, R4, R5, r0, r0, f32, clear, drain
sync
store nram, r2, r1, R2, R2, f32
halt
