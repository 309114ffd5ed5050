// A disk that fails, for tests: preloaded into a process, it stands between SQLite and the kernel.
//
// The file named by FORECOURT_DISK_FAULTS is mapped and shared with whoever tests: its head says
// what goes wrong, two journals behind it keep what was overwritten since the last sync, so that a
// tester can take back what a power cut would have lost. All fields are little-endian as on the
// machine itself; a journal grows by whole entries only, so a process may die at any instruction.

#ifndef FORECOURT_DISK_FAULTS_H
#define FORECOURT_DISK_FAULTS_H

#include <stdint.h>

#define DISK_FAULTS_MAGIC 0x4644534bu
#define DISK_FAULTS_HEAD 4096u
// Bytes of one journal; what does not fit is counted in `overflows`.
#define DISK_FAULTS_JOURNAL (8u << 20)

struct disk_faults_head {
    uint32_t magic;
    // errno that writes fail with; 0: none fails.
    uint32_t error;
    // Writes that still pass before `error` counts.
    int32_t passes;
    // Of a failing write, half is written first, as on a disk that fills up in its middle.
    uint32_t is_short;
    // Syncs report success and do nothing: a disk that lies.
    uint32_t lies;
    uint32_t writes, failures, syncs, overflows;
    // Used bytes of the journals: the database, its log.
    uint32_t used[2];
    // The process dies of the write after `passes` others, half of it written where `is_short`.
    uint32_t dies;
};

// Before each entry's `old_size` bytes: what stood at `offset` before a write of `size` bytes.
struct disk_faults_entry {
    uint64_t offset;
    uint64_t file_size;
    uint32_t size;
    uint32_t old_size;
};

#endif
