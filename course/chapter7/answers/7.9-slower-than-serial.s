# Everything for each tile of 16 rows.
loop 64
move DRAM WRAM[0] 131072
move DRAM NRAM[0] 16384
sync
compute MAC_32 524288 NRAM[0] 16384 WRAM[0] 131072 to NRAM[16384] 8192
sync
move NRAM[16384] DRAM 8192
sync
endloop
