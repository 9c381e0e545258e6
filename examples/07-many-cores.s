# Exercise 7.11 of AI Computing Systems with real numbers: y = x · w, 32 × 256 by 256 × 128, on four cores with a SharedRAM.
# All cores run this program; each takes the 32 columns of its number, in two tiles of 16. Core 0 brings x into SharedRAM and signals
# all cores, which take it over their own links, while their weights come in pieces of 64 rows over the one DRAM channel.
#   systole sim examples/07-many-cores.s --input x=random --input w=random
.machine textbook-cluster
.input x, 0x0, f32[32, 256]
.input w, 0x8000, f32[256, 128]
.output y, 0x28000, f32[32, 128]

  csr r1, core
  csr r2, cores
  muli r3, r1, 128          # bytes of 32 columns
  li r4, 0x8000
  add r4, r4, r3            # its columns of w
  li r5, 0x28000
  add r5, r5, r3            # its columns of y

  cfg.dimi R0, 0, 8192, 4   # x as it is
  cfg.dimi R1, 0, 16, 4     # a piece of w in DRAM: 16 columns of 64 rows
  cfg.dimi R1, 1, 64, 512
  cfg.dimi R2, 0, 16, 4     # and in WRAM: row after row
  cfg.dimi R2, 1, 64, 64
  cfg.dimi R3, 0, 32, 1024  # pixels: the rows of x
  cfg.dimi R4, 0, 64, 4     # reduction: 64 of its columns
  cfg.dimi R5, 0, 32, 64    # a tile of y in NRAM: 32 rows of 16
  cfg.dimi R5, 4, 16, 0
  cfg.dimi R6, 0, 16, 4     # the same to be stored
  cfg.dimi R6, 1, 32, 64
  cfg.dimi R7, 0, 16, 4     # and in DRAM
  cfg.dimi R7, 1, 32, 512

  bne r1, r0, weights
  load shared, r0, r0, R0, R0, f32
  loop r2
    signal.to load, 0, r6   # x is there: semaphore 0 of every core
    addi r6, r6, 1
  endloop

weights:                    # eight pieces, for which there is room
  loopi 2
    addi r7, r4, 0
    loopi 4
      load wram, r8, r7, R2, R1, f32
      signal load, 1
      addi r7, r7, 0x8000   # 64 rows on
      addi r8, r8, 4096
    endloop
    addi r4, r4, 64         # 16 columns on
  endloop

  wait link, 0
  get nram, r0, r0, R0, R0, f32
  signal link, 2
  wait matrix, 2
  li r9, 0x8000             # tiles of y behind x
  li r10, 0                 # weights of the next piece
  loopi 2
    li r11, 0               # columns of x
    wait matrix, 1
    mma r9, r11, r10, R3, R4, R5, r0, r0, f32, clear
    loopi 2
      addi r11, r11, 256
      addi r10, r10, 4096
      wait matrix, 1
      mma r9, r11, r10, R3, R4, R5, r0, r0, f32
    endloop
    addi r11, r11, 256
    addi r10, r10, 4096
    wait matrix, 1
    mma r9, r11, r10, R3, R4, R5, r0, r0, f32, drain
    addi r10, r10, 4096
    signal matrix, 3
    wait store, 3
    store nram, r5, r9, R7, R6, f32
    addi r5, r5, 64
    addi r9, r9, 2048
  endloop
  halt
