# 32 tiles of 32 rows, so: loop 32.
move DRAM WRAM 131072
move DRAM NRAM 32768
sync
move DRAM NRAM 32768
compute MAC_32 1048576
sync
loop 32
move DRAM NRAM 32768
move NRAM DRAM 16384
compute MAC_32 1048576
sync
endloop
move NRAM DRAM 16384
compute MAC_32 1048576
sync
move NRAM DRAM 16384
