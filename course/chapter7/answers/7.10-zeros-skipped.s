# Multiplications of another reading.
move DRAM WRAM 32768
loop 32
move DRAM NRAM 16384
sync
compute MAC_32 131072
sync
move NRAM DRAM 16384
sync
endloop
