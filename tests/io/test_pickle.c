/* tests/io/test_pickle.c - pickles made here byte by byte: what a state dict is made of is understood, and each rule broken
 * once is refused with a sentence of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/io/pickle.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

typedef struct fixture {
    failing_hooks hooks;
    alc_context *context;
    alc_arena arena;
    alc_pickle pickle;
    unsigned char *bytes; /* of exactly the pickle's size, so that sanitizers see a read beyond its end */
    alc_pickle_value value;
} fixture;

static void set_up(fixture *f)
{
    *f = (fixture){0};
    failing_hooks_init(&f->hooks);
    f->context = failing_hooks_context(&f->hooks, 1);
}

static void tear_down(fixture *f)
{
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
}

static alc_status run(fixture *f, const void *bytes, size_t size)
{
    f->bytes = malloc(size + 1);
    ck_assert_ptr_nonnull(f->bytes);
    memcpy(f->bytes, bytes, size);
    f->bytes = realloc(f->bytes, size > 0 ? size : 1);
    alc_arena_init(&f->arena, f->context);
    alc_pickle_init(&f->pickle, &f->arena, "w.pth", f->bytes, 0, size);
    return alc_pickle_run(&f->pickle, &f->value);
}

static void release(fixture *f)
{
    alc_pickle_free(&f->pickle);
    alc_arena_free(&f->arena);
    free(f->bytes);
}

static void expect_good(fixture *f, const void *bytes, size_t size)
{
    alc_status status = run(f, bytes, size);
    ck_assert_msg(status == ALC_OK, "%s", alc_error_message(f->context));
}

static void expect(const void *bytes, size_t size, alc_status expected, const char *sentence)
{
    fixture f;
    set_up(&f);
    alc_status status = run(&f, bytes, size);
    const char *message = alc_error_message(f.context);
    ck_assert_msg(status == expected, "%s, not %s: '%s' (expected '%s')", alc_status_name(status),
                  alc_status_name(expected), message, sentence);
    ck_assert_msg(strncmp(message, "w.pth: byte ", 12) == 0, "no place in: %s", message);
    ck_assert_msg(strstr(message, sentence) != NULL, "no '%s' in: %s", sentence, message);
    release(&f);
    tear_down(&f);
}

/* A literal after the protocol's two bytes; literals hold zeros. */
#define PICKLE(literal) "\x80\x02" literal, sizeof("\x80\x02" literal) - 1
#define BAD(literal, sentence) expect(PICKLE(literal), ALC_BAD_FILE, sentence)
#define REFUSED(literal, sentence) expect(PICKLE(literal), ALC_UNSUPPORTED, sentence)

#define TEXT(length, text) "X" length "\0\0\0" text
#define DICT "ccollections\nOrderedDict\n"
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
#define STORAGE "(" TEXT("\7", "storage") "ctorch\nFloatStorage\n" TEXT("\1", "0") TEXT("\3", "cpu") "K\6tQ"
/* All but the first three arguments, which stand in between: storage, offset, shape, stride. */
#define TENSOR(arguments) REBUILD "(" arguments "\x89" DICT ")RtR"

START_TEST(values_of_every_kind)
{
    fixture f;
    set_up(&f);
    expect_good(&f, PICKLE("(N\x88\x89J\xfe\xff\xff\xffK\xffM\1\2\x8a\0\x8a\1\xff\x8a\5\0\0\0\0\1G\x3f\xf0\0\0\0\0\0\0"
                           TEXT("\2", "ab") "U\1cT\1\0\0\0d]})tq\0."));
    ck_assert_int_eq(f.value.kind, ALC_PICKLE_TUPLE);
    ck_assert_int_eq(f.value.number, 16);
    const alc_pickle_value *v = f.value.at.items;
    static const alc_pickle_kind kinds[16] = {
        ALC_PICKLE_NONE,    ALC_PICKLE_BOOL,    ALC_PICKLE_BOOL, ALC_PICKLE_INTEGER, ALC_PICKLE_INTEGER, ALC_PICKLE_INTEGER,
        ALC_PICKLE_INTEGER, ALC_PICKLE_INTEGER, ALC_PICKLE_INTEGER, ALC_PICKLE_REAL, ALC_PICKLE_TEXT,    ALC_PICKLE_TEXT,
        ALC_PICKLE_TEXT,    ALC_PICKLE_LIST,    ALC_PICKLE_DICT, ALC_PICKLE_TUPLE};
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(v[i].kind, kinds[i]);
    static const int64_t numbers[] = {1, 0, -2, 255, 513, 0, -1, INT64_C(1) << 32};
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(v[i + 1].number, numbers[i]);
    ck_assert(alc_pickle_text_is(&v[10], "ab") && alc_pickle_text_is(&v[11], "c") && alc_pickle_text_is(&v[12], "d"));
    ck_assert(!alc_pickle_text_is(&v[10], "abc") && !alc_pickle_text_is(&v[0], ""));
    release(&f);
    tear_down(&f);
}
END_TEST

START_TEST(dictionaries_lists_tuples_and_memos)
{
    fixture f;
    set_up(&f);
    expect_good(&f, PICKLE("}(U\1aK\1U\1bq\1K\2uU\1cK\3sU\1aK\4sh\1r\2\0\0\0j\2\0\0\0s."));
    ck_assert_int_eq(f.value.kind, ALC_PICKLE_DICT);
    ck_assert_int_eq(alc_pickle_find(&f.value, "a")->number, 4); /* the last one counts */
    ck_assert_int_eq(alc_pickle_find(&f.value, "c")->number, 3);
    ck_assert(alc_pickle_text_is(alc_pickle_find(&f.value, "b"), "b"));
    ck_assert_ptr_null(alc_pickle_find(&f.value, "d"));
    release(&f);
    expect_good(&f, PICKLE("N\x85NN\x86NNN\x87\x87."));
    ck_assert_int_eq(f.value.number, 3);
    ck_assert_int_eq(f.value.at.items[2].number, 3);
    release(&f);
    expect_good(&f, PICKLE("](K\1K\2eK\3a."));
    ck_assert_uint_eq(f.value.at.list->count, 3);
    ck_assert_int_eq(f.value.at.list->items[2].number, 3);
    release(&f);
    /* OrderedDict(), one of pairs as Python 2 writes it, and one with attributes. */
    expect_good(&f, PICKLE(DICT ")R."));
    ck_assert_uint_eq(f.value.at.list->count, 0);
    release(&f);
    expect_good(&f, PICKLE(DICT "](](U\1aK\1eU\1bK\2\x86" "e\x85R}b."));
    ck_assert_uint_eq(f.value.at.list->count, 4);
    ck_assert_int_eq(alc_pickle_find(&f.value, "b")->number, 2);
    release(&f);
    tear_down(&f);
}
END_TEST

START_TEST(tensors)
{
    fixture f;
    set_up(&f);
    expect_good(&f, PICKLE(TENSOR(STORAGE "K\1K\2K\2\x86K\1K\3\x86") "."));
    ck_assert_int_eq(f.value.kind, ALC_PICKLE_TENSOR);
    const alc_pth_tensor *t = f.value.at.tensor;
    ck_assert_int_eq(t->elements, 4);
    ck_assert_int_eq(t->offset, 1);
    ck_assert_int_eq(t->rank, 2);
    ck_assert_int_eq(t->extent[1], 2);
    ck_assert_int_eq(t->stride[1], 3);
    ck_assert_int_eq(t->storage->numel, 6);
    ck_assert_int_eq(t->storage->dtype, ALC_STORED_F32);
    ck_assert_ptr_eq(f.pickle.storages, t->storage);
    release(&f);
    expect_good(&f, PICKLE("ctorch._utils\n_rebuild_tensor\n(" STORAGE "K\5))tR."));
    ck_assert_int_eq(f.value.at.tensor->elements, 1);
    release(&f);
    expect_good(&f, PICKLE("ctorch._utils\n_rebuild_parameter\n" TENSOR(STORAGE "K\7K\0\x85K\1\x85") "\x88" DICT ")R\x87R."));
    ck_assert_int_eq(f.value.at.tensor->elements, 0); /* nothing in it, so it may begin anywhere */
    release(&f);
    tear_down(&f);
}
END_TEST

START_TEST(several_pickles_in_a_row)
{
    static const char bytes[] = "\x80\2K\1q\0.\x80\2h\0.";
    fixture f;
    set_up(&f);
    expect_good(&f, bytes, sizeof bytes - 1);
    ck_assert_uint_eq(f.pickle.at, 7);
    /* Each begins with an empty memo. */
    ck_assert_int_eq(alc_pickle_run(&f.pickle, &f.value), ALC_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "byte 9: memo 0 is used before it is filled"));
    release(&f);
    tear_down(&f);
}
END_TEST

START_TEST(cut_off)
{
    /* Every beginning of a good pickle is refused. */
    static const char good[] = "\x80\2}" TEXT("\1", "w") TENSOR(STORAGE "J\1\0\0\0K\2K\2\x86K\1K\3\x86") "s\x8a\1\1\x85R.";
    for (size_t size = 0; size < sizeof good - 1; size++) {
        fixture f;
        set_up(&f);
        ck_assert_int_eq(run(&f, good, size), ALC_BAD_FILE);
        release(&f);
        tear_down(&f);
    }
    expect("", 0, ALC_BAD_FILE, "byte 0: there is no pickle");
    expect("}.", 2, ALC_BAD_FILE, "byte 0: there is no pickle");
    BAD("", "byte 2: the pickle ends within an instruction");
    BAD("X\xff\xff\xff\xff" "abc.", "ends within an instruction");
    BAD("\x8a\xff.", "ends within an instruction");
    BAD("G\0\0.", "ends within an instruction");
    BAD("ctorch\n", "ends within an instruction");
    BAD("ctorch", "ends within an instruction");
}
END_TEST

START_TEST(instructions_that_no_state_dict_needs)
{
    static const struct {
        char code;
        const char *name;
    } refused[] = {{'0', "POP"},   {'1', "POP_MARK"}, {'2', "DUP"},          {'F', "FLOAT"},        {'I', "INT"},
                   {'L', "LONG"},  {'S', "STRING"},   {'V', "UNICODE"},      {'d', "DICT"},         {'l', "LIST"},
                   {'g', "GET"},   {'p', "PUT"},      {'P', "PERSID"},       {'i', "INST"},         {'o', "OBJ"},
                   {'\x81', "NEWOBJ"}, {'\x92', "NEWOBJ_EX"}, {'\x93', "STACK_GLOBAL"}, {'\x82', "EXT1"}, {'\x83', "EXT2"},
                   {'\x84', "EXT4"}, {'B', "BINBYTES"}, {'C', "SHORT_BINBYTES"}, {'\x8e', "BINBYTES8"},
                   {'\x96', "BYTEARRAY8"}, {'\x8c', "SHORT_BINUNICODE"}, {'\x8d', "BINUNICODE8"}, {'\x8f', "EMPTY_SET"},
                   {'\x90', "ADDITEMS"}, {'\x91', "FROZENSET"}, {'\x94', "MEMOIZE"}, {'\x95', "FRAME"},
                   {'\x97', "NEXT_BUFFER"}, {'\x98', "READONLY_BUFFER"}, {'\x8b', "LONG4"}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char sentence[80], bytes[] = "\x80\2X.";
        bytes[2] = refused[i].code;
        snprintf(sentence, sizeof sentence, "byte 2: the pickle has the instruction %s, which", refused[i].name);
        expect(bytes, 4, ALC_UNSUPPORTED, sentence);
    }
    BAD("\x99.", "there is no pickle instruction 0x99");
    BAD("\0.", "there is no pickle instruction 0x00");
    expect("\x80\4N.", 4, ALC_UNSUPPORTED, "of protocol 4; PyTorch writes 2");
}
END_TEST

START_TEST(names_are_refused_by_name)
{
    REFUSED("cos\nsystem\n.", "byte 2: the pickle names os.system; only collections.OrderedDict");
    REFUSED("cposix\ngetcwd\n)R.", "names posix.getcwd;");
    REFUSED("cbuiltins\neval\n.", "names builtins.eval;");
    REFUSED("ctorch\nload\n.", "names torch.load;");
    REFUSED("ctorch\nComplexFloatStorage\n.", "names torch.ComplexFloatStorage;");
    REFUSED("ccollections\nFloatStorage\n.", "names collections.FloatStorage;");
    REFUSED("ctorch._utils\n_rebuild_tensor_v3\n.", "names torch._utils._rebuild_tensor_v3;");
    REFUSED("ctorch._utils\n_rebuild_tensor_v\n.", "names torch._utils._rebuild_tensor_v;");
    REFUSED("c\n\n.", "names .;");
    REFUSED("ca\x1b[2J\xff\nb\n.", "names a?[2J?.b;");
}
END_TEST

START_TEST(stack_and_memo)
{
    BAD(".", "finds no value on the stack");
    BAD("(.", "finds no value on the stack");
    BAD("NN.", "stops with more than one value");
    BAD("(N.", "stops with more than one value");
    BAD("t.", "finds no mark on the stack");
    BAD("Nu.", "finds no mark on the stack");
    BAD("N\x86.", "finds no value on the stack");
    BAD("(N\x86.", "finds no value on the stack");
    BAD("q\0.", "finds no value on the stack");
    BAD("(q\0.", "finds no value on the stack");
    BAD("h\0.", "memo 0 is used before it is filled");
    BAD("Nq\1h\0.", "memo 0 is used before it is filled");
    BAD("Nq\2.", "memo 2 is filled after 0 others");
    BAD("Nr\xff\xff\xff\xff.", "memo 4294967295 is filled after 0 others");
    BAD("NNa.", "an instruction is for a list, but there is None");
    BAD("Na.", "an instruction is for a list, but there is nothing");
    BAD("}(Ne.", "an instruction is for a list, but there is a dictionary");
    BAD("](NNu.", "an instruction is for a dictionary, but there is a list");
    BAD("]NNs.", "an instruction is for a dictionary, but there is a list");
    BAD("}(Nu.", "given a key without a value");
    BAD("N}b.", "an instruction is for a dictionary, but there is None");
    BAD("}Nb.", "an object's attributes are None");
}
END_TEST

START_TEST(calls)
{
    BAD("N)R.", "the pickle calls None with a tuple");
    BAD("ctorch\nFloatStorage\n)R.", "the pickle calls a function or class with a tuple");
    BAD(DICT "NR.", "the pickle calls a function or class with None");
    BAD(DICT "N\x85R.", "something else than a list of pairs");
    BAD(DICT "]]\x86R.", "something else than a list of pairs");
    BAD(DICT "]Na\x85R.", "something else than a list of pairs");
    BAD(DICT "]N\x85" "a\x85R.", "something else than a list of pairs");
    BAD(REBUILD ")R.", "torch._utils._rebuild_tensor_v2 does not get the arguments");
    BAD(REBUILD "(NNNNNNtR.", "torch._utils._rebuild_tensor_v2 does not get the arguments");
    BAD(REBUILD "(NNNN\x89" DICT ")R}tR.", "torch._utils._rebuild_tensor_v2 does not get the arguments"); /* conjugated */
    BAD("ctorch._utils\n_rebuild_tensor\n(NNNNNtR.", "torch._utils._rebuild_tensor does not get the arguments");
    BAD("ctorch._utils\n_rebuild_parameter\nNNN\x87R.", "torch._utils._rebuild_parameter does not get the arguments");
}
END_TEST

START_TEST(storages)
{
#define KIND TEXT("\7", "storage") "ctorch\nFloatStorage\n"
    BAD("NQ.", "does not describe a storage");
    BAD(")Q.", "does not describe a storage");
    BAD("(" TEXT("\6", "module") "ctorch\nFloatStorage\n" TEXT("\1", "0") TEXT("\3", "cpu") "K\6tQ.", "does not describe");
    BAD("(" TEXT("\7", "storage") DICT TEXT("\1", "0") TEXT("\3", "cpu") "K\6tQ.", "does not describe");
    BAD("(" KIND "K\0" TEXT("\3", "cpu") "K\6tQ.", "does not describe");
    BAD("(" KIND TEXT("\1", "0") "NK\6tQ.", "does not describe");
    BAD("(" KIND TEXT("\1", "0") TEXT("\3", "cpu") "NtQ.", "does not describe");
    BAD("(" KIND TEXT("\1", "0") TEXT("\3", "cpu") "K\6NNtQ.", "does not describe");
    BAD("(" KIND TEXT("\1", "0") TEXT("\3", "cpu") "J\xff\xff\xff\xfftQ.", "storage '0' has -1 values");
    REFUSED("(" KIND TEXT("\1", "0") TEXT("\3", "cpu") "K\6(" TEXT("\1", "1") "K\0K\6ttQ.",
            "storage '0' is part of another storage");
}
END_TEST

START_TEST(tensors_lie_in_their_storage)
{
#define LARGE "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"
    BAD(TENSOR("NK\0))") ".", "not made of a storage and a place in it");
    BAD(TENSOR(STORAGE "N))") ".", "not made of a storage and a place in it");
    BAD(TENSOR(STORAGE "J\xff\xff\xff\xff))") ".", "not made of a storage and a place in it");
    BAD(TENSOR(STORAGE "K\0N)") ".", "a tensor's shape is no tuple of at most 64 numbers");
    BAD(TENSOR(STORAGE "K\0)N") ".", "a tensor's stride is no tuple of at most 64 numbers");
    BAD(TENSOR(STORAGE "K\0N\x85K\1\x85") ".", "a tensor's shape holds something that is no extent");
    BAD(TENSOR(STORAGE "K\0J\xff\xff\xff\xff\x85K\1\x85") ".", "a tensor's shape holds something that is no extent");
    BAD(TENSOR(STORAGE "K\0K\1\x85J\xff\xff\xff\xff\x85") ".", "a tensor's stride holds something that is no extent");
    BAD(TENSOR(STORAGE "K\0K\1\x85)") ".", "a tensor has 1 extents and 0 strides");
    BAD(TENSOR(STORAGE "K\6))") ".", "a tensor reaches to value 6 of storage '0', which has 6");
    BAD(TENSOR(STORAGE "K\0K\7\x85K\1\x85") ".", "a tensor reaches to value 6 of storage '0', which has 6");
    BAD(TENSOR(STORAGE "K\1K\2K\2\x86K\1K\4\x86") ".", "a tensor reaches to value 6 of");
    BAD(TENSOR(STORAGE LARGE "))") ".", "a tensor reaches to value 9223372036854775807 of");
    BAD(TENSOR(STORAGE "K\0K\3\x85" LARGE "\x85") ".", "a tensor reaches to value 18446744073709551614 of");
    BAD(TENSOR(STORAGE "K\3K\3\x85" LARGE "\x85") ".", "a tensor's size overflows");
    BAD(TENSOR(STORAGE "K\0K\5\x85" LARGE "\x85") ".", "a tensor's size overflows");
    BAD(TENSOR(STORAGE "K\0" LARGE LARGE LARGE "\x87K\0K\0K\0\x87") ".", "a tensor's size overflows");
    BAD(TENSOR(STORAGE "K\0" LARGE "\x85K\0\x85") ".", "a tensor's size overflows");
}
END_TEST

/* ---- limits ---- */

static void expect_repeated(const char *part, size_t part_bytes, size_t times, const char *begin, size_t begin_bytes,
                            const char *sentence)
{
    unsigned char *bytes = malloc(begin_bytes + part_bytes * times);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, begin, begin_bytes);
    for (size_t i = 0; i < times; i++)
        memcpy(bytes + begin_bytes + i * part_bytes, part, part_bytes);
    expect(bytes, begin_bytes + part_bytes * times, ALC_BAD_FILE, sentence);
    free(bytes);
}

START_TEST(what_a_pickle_may_take_has_limits)
{
    static const char repeated_copy[] = DICT "h\0\x85Rq\1";
    unsigned char *list = malloc(400000);
    size_t size = 0;
    ck_assert_ptr_nonnull(list);
    expect_repeated("N", 1, (1 << 20) + 1, "\x80\2", 2, "more than 1048576 values wait on the stack");
    expect_repeated("Nq\0q\0q\0q\0q\0q\0q\0q\0q\0q\0q\0q\0q\0q\0q\0\x86", 32, (32 << 20) / 32, "\x80\2N", 3,
                    "the pickle is longer than 33554432 bytes");
    /* One list of many pairs, copied again and again. */
    memcpy(list, "\x80\2]q\0", size = 5);
    memcpy(list + size, "(", 1);
    size++;
    for (int i = 0; i < 50000; i++, size += 3)
        memcpy(list + size, "NN\x86", 3);
    list[size++] = 'e';
    expect_repeated(repeated_copy, sizeof repeated_copy - 1, 1000, (const char *)list, size,
                    "asks for more than 268435456 bytes of memory");
    free(list);
}
END_TEST

START_TEST(every_failing_allocation_is_survived)
{
    for (int64_t n = 2;; n++) { /* the first is the context's */
        fixture f;
        set_up(&f);
        f.hooks.fail_allocation = n;
        alc_status status = run(&f, PICKLE("}q\0" TEXT("\1", "w") TENSOR(STORAGE "K\1K\2K\2\x86K\1K\3\x86") "s."));
        release(&f);
        tear_down(&f);
        if (f.hooks.faults == 0) {
            ck_assert_int_eq(status, ALC_OK);
            ck_assert_int_ge(n, 5);
            break;
        }
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
    }
}
END_TEST

int main(void)
{
    return RUN_TESTS("pickle", values_of_every_kind, dictionaries_lists_tuples_and_memos, tensors, several_pickles_in_a_row,
                     cut_off, instructions_that_no_state_dict_needs, names_are_refused_by_name, stack_and_memo, calls,
                     storages, tensors_lie_in_their_storage, what_a_pickle_may_take_has_limits,
                     every_failing_allocation_is_survived);
}
