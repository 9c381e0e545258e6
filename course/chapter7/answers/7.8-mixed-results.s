# Slices of K and column tiles: two column tiles are added in one place.
move DRAM WRAM[0] 131072
move DRAM NRAM[0] 32768
sync
loop 4
compute MAC_32 262144 NRAM[0, 0, 16384, 16384] 16384 WRAM[0, +32768] 32768 to NRAM[32768, 32768, 40960, 40960] 8192
endloop
sync
move NRAM[32768] DRAM 16384
