# Columns of each core, X by SharedRAM.
move DRAM SHARED 32768
sync
move SHARED NRAM 32768 mc
move DRAM WRAM 32768
sync
compute MAC_32 262144
sync
move NRAM DRAM 4096
