# Four slices of K, each of which stores all of Y.
loop 4
move DRAM WRAM 32768
move DRAM NRAM 8192
sync
compute MAC_32 262144
sync
move NRAM DRAM 16384
sync
endloop
