# Sizes of 7.9.
move DRAM WRAM 131072
loop 32
move DRAM NRAM 32768
sync
compute MAC_32 1048576
sync
move NRAM DRAM 16384
sync
endloop
