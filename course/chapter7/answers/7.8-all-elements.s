# Elements, not bytes, everywhere.
move DRAM WRAM 32768
move DRAM NRAM 8192
sync
compute MAC_32 1048576
sync
move NRAM DRAM 4096
