# The first tile's results over X, which the second still needs.
move DRAM WRAM[0] 131072
move DRAM NRAM[0] 32768
sync
compute MAC_32 524288 NRAM[16384] 16384 WRAM[0] 131072 to NRAM[0] 8192
compute MAC_32 524288 NRAM[0] 16384 WRAM[0] 131072 to NRAM[32768] 8192
sync
move NRAM[0] DRAM 8192
move NRAM[32768] DRAM 8192
