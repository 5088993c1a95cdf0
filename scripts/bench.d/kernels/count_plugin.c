/* A plugin of QEMU that counts how often each instruction runs: writes "address count" lines, in
 * hexadecimal and decimal, to the file named by counts=. Distributions build QEMU with plugins but
 * ship no header: what is used of version 1 of the interface is declared here. */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };

__attribute__((visibility("default"))) int qemu_plugin_version = 1;
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*made)(qemu_plugin_id_t, struct qemu_plugin_tb*));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn* instruction);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn* instruction, int operation,
                                                void* counter, uint64_t added);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*left)(qemu_plugin_id_t, void*),
                                    void* user);

enum { ADDRESSES = 1 << 21 }; /* of code: halfwords from the first one on */
static uint64_t counters[ADDRESSES];
static uint64_t origin;
static char path[1024];

static void block_made(qemu_plugin_id_t id, struct qemu_plugin_tb* block) {
  (void)id;
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); ++i) {
    struct qemu_plugin_insn* instruction = qemu_plugin_tb_get_insn(block, i);
    const uint64_t place = (qemu_plugin_insn_vaddr(instruction) - origin) / 2;
    if (place >= ADDRESSES) continue;
    qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64,
                                               &counters[place], 1);
  }
}

static void write_counts(qemu_plugin_id_t id, void* user) {
  (void)id, (void)user;
  FILE* file = fopen(path, "w");
  if (file == NULL) return;
  for (size_t i = 0; i < ADDRESSES; ++i) {
    if (counters[i] != 0) {
      fprintf(file, "%" PRIx64 " %" PRIu64 "\n", origin + 2 * (uint64_t)i, counters[i]);
    }
  }
  fclose(file);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
                                                               const void* info, int count,
                                                               char** options) {
  (void)info;
  for (int i = 0; i < count; ++i) {
    if (strncmp(options[i], "counts=", 7) == 0) snprintf(path, sizeof path, "%s", options[i] + 7);
    if (strncmp(options[i], "origin=", 7) == 0) origin = strtoull(options[i] + 7, NULL, 0);
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, block_made);
  qemu_plugin_register_atexit_cb(id, write_counts, NULL);
  return 0;
}
