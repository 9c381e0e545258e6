# 256 columns a pass, two buffers of weights.
move DRAM SHARED[0] 1048576
move DRAM WRAM[0] 262144
sync
loop 2
  move DRAM WRAM[262144, 0] 262144
  loop 32
    move SHARED[0, +32768] NRAM[0] 32768 mc
    sync
    compute MAC_32 2097152 NRAM[0] 32768 WRAM[0] 262144 to NRAM[32768] 32768
    sync
    move NRAM[32768] DRAM 32768
    sync
  endloop
endloop
