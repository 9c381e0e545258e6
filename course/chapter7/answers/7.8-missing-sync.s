# Eight column tiles. The first computation begins beside its loads.
move DRAM NRAM 32768
move DRAM WRAM 16384
move DRAM WRAM 16384
compute MAC_32 131072
sync
loop 6
move DRAM WRAM 16384
move NRAM DRAM 2048
compute MAC_32 131072
sync
endloop
move NRAM DRAM 2048
compute MAC_32 131072
sync
move NRAM DRAM 2048
