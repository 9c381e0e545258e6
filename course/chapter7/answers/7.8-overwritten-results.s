# Four column tiles, all computed into one place and only then stored.
move DRAM WRAM[0] 131072
move DRAM NRAM[0] 32768
sync
loop 4
compute MAC_32 262144 NRAM[0] 32768 WRAM[0, 32768, 65536, 98304] 32768 to NRAM[32768] 4096
sync
endloop
loop 4
move NRAM[32768] DRAM 4096
endloop
