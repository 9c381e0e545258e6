# Exercise 7.9 in the textbook's dialect, with double buffering: Y = X·W, X of 1024 × 256 f32 in row tiles of 32, W of 256 × 128
# stays in WRAM. Brackets say where operands lie, [0, 32768] in turn: the processor has no need of them, but with them buffers that
# are too small, overwritten too early or read too soon are found.
#   systole sim examples/04-double-buffer.asm
.equ TILE, 32768          # of X
.equ Y, 65536             # two tiles of results behind two of X
.equ OUT, 16384

move DRAM WRAM[0] 131072
move DRAM NRAM[0] TILE
sync
move DRAM NRAM[TILE] TILE
compute MAC_32 1048576 NRAM[0] TILE WRAM[0] 131072 to NRAM[Y] OUT
sync
loop 30
  move DRAM NRAM[0, TILE] TILE
  move NRAM[Y, Y + OUT] DRAM OUT
  compute MAC_32 1048576 NRAM[TILE, 0] TILE WRAM[0] 131072 to NRAM[Y + OUT, Y] OUT
  sync
endloop
move NRAM[Y] DRAM OUT
compute MAC_32 1048576 NRAM[TILE] TILE WRAM[0] 131072 to NRAM[Y + OUT] OUT
sync
move NRAM[Y + OUT] DRAM OUT
