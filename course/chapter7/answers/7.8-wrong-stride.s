.input x, 0, f32[32, 256]
.input w, 32768, f32[256, 128]
.output y, 163840, f32[32, 128]
cfg.dimi R0, 0, 8192, 4
cfg.dimi R1, 0, 32768, 4
cfg.dimi R2, 0, 4096, 4
cfg.dimi R3, 0, 32, 1024
cfg.dimi R4, 0, 256, 4
cfg.dimi R5, 0, 32, 512
cfg.dimi R5, 4, 128, 64
li r1, 32768
li r2, 163840
load nram, r0, r0, R0, R0, f32
load wram, r0, r1, R1, R1, f32    # not in groups of 16 filters
sync
mma r1, r0, r0, R3, R4, R5, r0, r0, f32, clear, drain
sync
store nram, r2, r1, R2, R2, f32
halt
