# The results over the X that is read.
move DRAM WRAM[0] 131072
move DRAM NRAM[0] 32768
sync
compute MAC_32 1048576 NRAM[0] 32768 WRAM[0] 131072 to NRAM[0] 16384
sync
move NRAM[0] DRAM 16384
