/*
 * The system calls of src/system/native, one row each. Nothing is decided here: a row reads its arguments, makes the call
 * and returns what the call returned, or -errno. Numbers must be numbers and bytes must be a typed array; otherwise a
 * TypeError is thrown. No row runs JavaScript between reading an array's address and using it. A text that contains a NUL
 * is no path: EINVAL. Most calls need nothing else and are a line in CALLS; a row with code of its own has to read or
 * fill a structure.
 */
#include "libc.h"
#include "snapshot.h"
#include "sha2.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int argument_count;
static char **argument_list;
int libc_exit_status = -1;

/*
 * What a call reads comes here first, so that the array is made for the bytes that came, and not for those that could
 * have come.
 */
static uint8_t room[64 * 1024];

/* Arguments */

/* Few rows need all of these arguments. */
#define ROW(name)                                                                              \
  static JSValue row_##name(JSContext *ctx, __attribute__((unused)) JSValueConst self,         \
                            __attribute__((unused)) int count, __attribute__((unused)) JSValueConst *arguments)

typedef struct {
  uint8_t *at;
  size_t length;
} Bytes;

/* This calls no `valueOf` of an object. */
static int get_number(JSContext *ctx, JSValueConst value, double *number) {
  if (!JS_IsNumber(value)) {
    JS_ThrowTypeError(ctx, "libc: a number is needed");
    return -1;
  }
  return JS_ToFloat64(ctx, number, value);
}

static int get_int(JSContext *ctx, JSValueConst value, int *number) {
  double wide;
  if (get_number(ctx, value, &wide)) return -1;
  if (!(wide >= INT_MIN && wide <= UINT_MAX) || wide != (double)(long long)wide) {
    JS_ThrowRangeError(ctx, "libc: an integer of 32 bits is needed");
    return -1;
  }
  *number = (int)(unsigned)(long long)wide;
  return 0;
}

/* Throws if the value is no typed array, or if its buffer is gone. */
static int get_bytes(JSContext *ctx, JSValueConst value, Bytes *bytes) {
  size_t offset, length, size;
  JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, &length, NULL);
  if (JS_IsException(buffer)) return -1;
  uint8_t *start = JS_GetArrayBuffer(ctx, &size, buffer);
  JS_FreeValue(ctx, buffer);
  if (!start && length > 0) return -1;
  if (offset > size || length > size - offset) {
    JS_ThrowRangeError(ctx, "libc: the array is longer than its buffer");
    return -1;
  }
  /* The pointer is valid even if there are no bytes. */
  bytes->at = start ? start + offset : room;
  bytes->length = length;
  return 0;
}

static int get_room(JSContext *ctx, JSValueConst value, size_t least, Bytes *bytes) {
  if (get_bytes(ctx, value, bytes)) return -1;
  if (bytes->length >= least) return 0;
  JS_ThrowRangeError(ctx, "libc: the array needs %zu bytes", least);
  return -1;
}

/* Returns a text to free, or NULL and an exception. `*whole` is false if the text contains a NUL. */
static const char *get_text(JSContext *ctx, JSValueConst value, int *whole) {
  size_t length;
  if (!JS_IsString(value)) {
    JS_ThrowTypeError(ctx, "libc: a text is needed");
    return NULL;
  }
  const char *text = JS_ToCStringLen(ctx, &length, value);
  if (text) *whole = strlen(text) == length;
  return text;
}

/* An answer that the machine gave while the program is loaded, at build time, would stay the same for ever. */
#define ONLY_STARTED                                                                                  \
  if (!snapshot.ctx) return JS_ThrowInternalError(ctx, "libc: ask the machine after onStart, not while modules are loaded")

#define INT(i, name)                                            \
  int name;                                                     \
  if (get_int(ctx, arguments[i], &name)) return JS_EXCEPTION
#define NUMBER(i, name)                                         \
  double name;                                                  \
  if (get_number(ctx, arguments[i], &name)) return JS_EXCEPTION
#define BYTES(i, name)                                          \
  Bytes name;                                                   \
  if (get_bytes(ctx, arguments[i], &name)) return JS_EXCEPTION
#define ROOM(i, least, name)                                    \
  Bytes name;                                                   \
  if (get_room(ctx, arguments[i], least, &name)) return JS_EXCEPTION

/* Results */

static JSValue result(JSContext *ctx, long long returned) {
  return JS_NewInt64(ctx, returned < 0 ? -errno : returned);
}

static JSValue error(JSContext *ctx, int number) { return JS_NewInt32(ctx, -number); }

static JSValue new_bytes(JSContext *ctx, const uint8_t *bytes, size_t length) {
  JSValue buffer = JS_NewArrayBufferCopy(ctx, bytes, length);
  if (JS_IsException(buffer)) return buffer;
  JSValueConst arguments[3] = {buffer, JS_UNDEFINED, JS_UNDEFINED};
  JSValue array = JS_NewTypedArray(ctx, 1, arguments, JS_TYPED_ARRAY_UINT8);
  JS_FreeValue(ctx, buffer);
  return array;
}

/* Returns the bytes that a call left in `room`, or its error. */
static JSValue from_room(JSContext *ctx, ssize_t length) {
  return length < 0 ? result(ctx, length) : new_bytes(ctx, room, (size_t)length);
}

/* 2^53: up to here JavaScript's numbers include all integers. */
static const double MOST_POSITION = 9007199254740992.0;

/* Time */

static double milliseconds(struct timespec time) { return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6; }

static struct timespec timespec_of(double length) {
  double whole = length > 0 ? length : 0;
  if (!(whole < 1e12)) whole = 1e12;
  time_t seconds = (time_t)(whole / 1e3);
  return (struct timespec){.tv_sec = seconds, .tv_nsec = (long)((whole - (double)seconds * 1e3) * 1e6)};
}

ROW(clock) {
  ONLY_STARTED;
  INT(0, clock);
  struct timespec time;
  if (clock_gettime(clock, &time) < 0) return result(ctx, -1);
  return JS_NewFloat64(ctx, milliseconds(time));
}

/* Calls that pass their arguments on unchanged */

/*
 * A kind for each argument of the call:
 *   i      an integer of 32 bits
 *   n      a larger one, which is not negative
 *   t      a text: a path or a name
 *   1 6 8  a typed array: its address, and its length in elements of that many bytes
 *   b      a typed array of at least eight bytes: its address
 *   m      milliseconds: a struct timespec, or NULL, which is "no limit", if they are negative
 *   r      the largest number of bytes to read into `room`; the row returns the bytes that came
 *   z      0 or NULL; JavaScript passes nothing for it
 * The kernel has the same calls, with the same arguments, on all the architectures that we build for.
 */
#define CALLS(CALL)             \
  CALL(openat, "itii")          \
  CALL(close, "i")              \
  CALL(read, "ir")              \
  CALL(pread64, "irn")          \
  CALL(write, "i1")             \
  CALL(getdents64, "ir")        \
  CALL(readlinkat, "itr")       \
  CALL(faccessat, "iti")        \
  CALL(mkdirat, "iti")          \
  CALL(unlinkat, "iti")         \
  CALL(renameat2, "ititi")      \
  CALL(fchmod, "ii")            \
  CALL(fchown, "iii")           \
  CALL(fsync, "i")              \
  CALL(chroot, "t")             \
  CALL(chdir, "t")              \
  CALL(flistxattr, "ir")        \
  CALL(fgetxattr, "itr")        \
  CALL(fsetxattr, "it1i")       \
  CALL(socket, "iii")           \
  CALL(bind, "i1")              \
  CALL(connect, "i1")           \
  CALL(listen, "ii")            \
  CALL(accept4, "izzi")         \
  CALL(sendto, "i1izz")         \
  CALL(shutdown, "ii")          \
  CALL(setsockopt, "iii1")      \
  CALL(ppoll, "8mzz")           \
  CALL(pipe2, "bi")             \
  CALL(wait4, "ibiz")           \
  CALL(kill, "ii")              \
  CALL(rt_sigprocmask, "ibzi")  \
  CALL(signalfd4, "i1i")        \
  CALL(getpid, "")              \
  CALL(geteuid, "")             \
  CALL(nanosleep, "mz")         \
  CALL(getrandom, "1i")         \
  CALL(semget, "iii")           \
  CALL(semtimedop, "i6m")

#define NUMBER_AND_KINDS(name, kinds) {SYS_##name, kinds},
static const struct {
  long number;
  const char *kinds;
} CALL_LIST[] = {CALLS(NUMBER_AND_KINDS)};

/* The arguments of a call, and the memory that they point to. */
typedef struct {
  long values[6];
  const char *texts[2];
  struct timespec time;
  int count, text_count, is_read, is_valid;
} Passed;

static void add(Passed *passed, long value) { passed->values[passed->count++] = value; }

static int add_text(JSContext *ctx, JSValueConst value, Passed *passed) {
  int whole;
  const char *text = get_text(ctx, value, &whole);
  if (!text) return -1;
  passed->texts[passed->text_count++] = text;
  passed->is_valid &= whole;
  add(passed, (long)text);
  return 0;
}

static int add_bytes(JSContext *ctx, char kind, JSValueConst value, Passed *passed) {
  Bytes bytes;
  if (get_room(ctx, value, kind == 'b' ? 8 : 0, &bytes)) return -1;
  add(passed, (long)bytes.at);
  if (kind != 'b') add(passed, (long)bytes.length / (kind - '0'));
  return 0;
}

static int add_number(JSContext *ctx, char kind, JSValueConst value, Passed *passed) {
  double number;
  if (get_number(ctx, value, &number)) return -1;
  if (kind == 'm') {
    passed->time = timespec_of(number);
    add(passed, number < 0 ? 0 : (long)&passed->time);
  } else if (kind == 'r') {
    passed->is_read = 1;
    add(passed, (long)room);
    add(passed, number >= 0 && number < (double)sizeof room ? (long)number : (long)sizeof room);
  } else {
    /* C does not define what becomes of a number that does not fit in an off_t. */
    passed->is_valid &= number >= 0 && number <= MOST_POSITION;
    add(passed, passed->is_valid ? (long)number : 0);
  }
  return 0;
}

static int add_argument(JSContext *ctx, char kind, JSValueConst value, Passed *passed) {
  int integer;
  switch (kind) {
  case 'i':
    if (get_int(ctx, value, &integer)) return -1;
    add(passed, integer);
    return 0;
  case 't':
    return add_text(ctx, value, passed);
  case 'm':
  case 'n':
  case 'r':
    return add_number(ctx, kind, value, passed);
  default:
    return add_bytes(ctx, kind, value, passed);
  }
}

static JSValue make_call(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments, int row) {
  (void)self, (void)count;
  ONLY_STARTED;
  Passed passed = {.is_valid = 1};
  JSValue returned = JS_EXCEPTION;
  const char *kind = CALL_LIST[row].kinds;
  for (; *kind; kind++) {
    if (*kind == 'z') add(&passed, 0);
    else if (add_argument(ctx, *kind, *arguments++, &passed)) break;
  }
  if (!*kind && !passed.is_valid) {
    returned = error(ctx, EINVAL);
  } else if (!*kind) {
    const long *v = passed.values;
    long length = syscall(CALL_LIST[row].number, v[0], v[1], v[2], v[3], v[4], v[5]);
    returned = passed.is_read ? from_room(ctx, length) : result(ctx, length);
  }
  for (int i = 0; i < passed.text_count; i++) JS_FreeCString(ctx, passed.texts[i]);
  return returned;
}

/* Files */

ROW(realpath) {
  ONLY_STARTED;
  int whole;
  const char *path = get_text(ctx, arguments[0], &whole);
  if (!path) return JS_EXCEPTION;
  _Static_assert(sizeof room >= PATH_MAX, "realpath writes this much");
  if (!whole) errno = EINVAL;
  char *found = whole ? realpath(path, (char *)room) : NULL;
  JSValue returned = from_room(ctx, found ? (ssize_t)strlen(found) : -1);
  JS_FreeCString(ctx, path);
  return returned;
}

/* Device, inode, mode, links, owner, group, size; the times of the last change of the content and of the inode, in ms. */
enum { STATUS_FIELDS = 9 };

/* Like fstatat(2), but each architecture orders its struct stat differently. */
ROW(fstatat) {
  ONLY_STARTED;
  int whole;
  struct stat status;
  INT(0, directory);
  INT(2, flags);
  ROOM(3, STATUS_FIELDS * sizeof(double), out);
  const char *path = get_text(ctx, arguments[1], &whole);
  if (!path) return JS_EXCEPTION;
  if (!whole) errno = EINVAL;
  int returned = whole ? fstatat(directory, path, &status, flags) : -1;
  JSValue value = result(ctx, returned);
  JS_FreeCString(ctx, path);
  if (returned == 0) {
    double fields[STATUS_FIELDS] = {
        (double)status.st_dev, (double)status.st_ino, (double)status.st_mode,       (double)status.st_nlink,
        (double)status.st_uid, (double)status.st_gid, (double)status.st_size,       milliseconds(status.st_mtim),
        milliseconds(status.st_ctim)};
    memcpy(out.at, fields, sizeof fields);
  }
  return value;
}

/* Returns what was received, or the length of a message (MSG_TRUNC) that is longer than the room for it. */
ROW(receive) {
  ONLY_STARTED;
  INT(0, descriptor);
  INT(1, flags);
  BYTES(2, sender);
  socklen_t length = (socklen_t)sender.length;
  struct sockaddr *address = sender.length > 0 ? (struct sockaddr *)(void *)sender.at : NULL;
  ssize_t received = recvfrom(descriptor, room, sizeof room, flags, address, address ? &length : NULL);
  return received > (ssize_t)sizeof room ? result(ctx, received) : from_room(ctx, received);
}

/* Processes */

/* The texts of an array, followed by a NULL. */
typedef struct {
  const char **list;
  uint32_t length;
  int whole;
} Texts;

static void free_texts(JSContext *ctx, Texts *texts) {
  for (uint32_t i = 0; i < texts->length; i++) JS_FreeCString(ctx, texts->list[i]);
  js_free(ctx, texts->list);
}

static int get_texts(JSContext *ctx, JSValueConst array, Texts *texts) {
  uint32_t length;
  *texts = (Texts){.whole = 1};
  JSValue value = JS_GetPropertyStr(ctx, array, "length");
  int failed = JS_ToUint32(ctx, &length, value);
  JS_FreeValue(ctx, value);
  if (failed || !(texts->list = js_mallocz(ctx, ((size_t)length + 1) * sizeof *texts->list))) return -1;
  while (texts->length < length) {
    int whole;
    value = JS_GetPropertyUint32(ctx, array, texts->length);
    const char *text = JS_IsException(value) ? NULL : get_text(ctx, value, &whole);
    JS_FreeValue(ctx, value);
    if (!text) return -1;
    texts->list[texts->length++] = text;
    texts->whole &= whole;
  }
  return 0;
}

/* A child does not inherit which signals we ignore or block. */
static int start(const char **words, const char **environment, const int *descriptors, int session, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, ignored;
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  int failed = posix_spawn_file_actions_init(&actions);
  if (failed) return failed;
  if ((failed = posix_spawnattr_init(&attributes)) == 0) {
    sigemptyset(&none);
    sigemptyset(&ignored);
    sigaddset(&ignored, SIGPIPE);
    if (session) flags |= POSIX_SPAWN_SETSID;
    failed = posix_spawnattr_setsigmask(&attributes, &none);
    if (!failed) failed = posix_spawnattr_setsigdefault(&attributes, &ignored);
    if (!failed) failed = posix_spawnattr_setflags(&attributes, flags);
    for (int i = 0; i < 3 && !failed; i++) failed = posix_spawn_file_actions_adddup2(&actions, descriptors[i], i);
    /* The directory that we were started in may no longer exist. */
    if (!failed) failed = posix_spawn_file_actions_addchdir_np(&actions, "/");
    if (!failed) failed = posix_spawn(pid, words[0], &actions, &attributes, (char *const *)(uintptr_t)words, (char *const *)(uintptr_t)environment);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

/* Takes a list with the path and the words, the environment, three descriptors as int32, and whether it begins a session. */
ROW(spawn) {
  ONLY_STARTED;
  int descriptors[3];
  pid_t pid = 0;
  Texts words, environment = {0};
  Bytes three;
  INT(3, session);
  JSValue returned = JS_EXCEPTION;
  if (get_texts(ctx, arguments[0], &words) == 0 && get_texts(ctx, arguments[1], &environment) == 0 &&
      get_room(ctx, arguments[2], sizeof descriptors, &three) == 0) {
    memcpy(descriptors, three.at, sizeof descriptors);
    int failed = words.length > 0 && words.whole && environment.whole
                     ? start(words.list, environment.list, descriptors, session, &pid)
                     : EINVAL;
    returned = failed ? error(ctx, failed) : JS_NewInt32(ctx, pid);
  }
  free_texts(ctx, &environment);
  free_texts(ctx, &words);
  return returned;
}

/* Others */

/* Writes the set's owner and creator, as two uint32. */
ROW(semowners) {
  ONLY_STARTED;
  INT(0, set);
  ROOM(1, 2 * sizeof(uint32_t), out);
  struct semid_ds status;
  int returned = semctl(set, 0, IPC_STAT, &status);
  uint32_t owners[2] = {status.sem_perm.uid, status.sem_perm.cuid};
  if (returned >= 0) memcpy(out.at, owners, sizeof owners);
  return result(ctx, returned);
}

/* Digests and texts */

/* A digest has 256 or 512 bits. Its bytes come in pieces, and JavaScript keeps its state between the calls. */
static int is_width(JSContext *ctx, int bits) {
  if (bits == 256 || bits == 512) return 1;
  JS_ThrowRangeError(ctx, "libc: a digest has 256 or 512 bits");
  return 0;
}

static JSValue hex(JSContext *ctx, const uint8_t *bytes, size_t length) {
  static const char DIGITS[] = "0123456789abcdef";
  char *text = js_malloc(ctx, length * 2 + 1);
  if (!text) return JS_EXCEPTION;
  for (size_t i = 0; i < length; i++) {
    text[2 * i] = DIGITS[bytes[i] >> 4];
    text[2 * i + 1] = DIGITS[bytes[i] & 15];
  }
  JSValue value = JS_NewStringLen(ctx, text, length * 2);
  js_free(ctx, text);
  return value;
}

static JSValue digest_end(JSContext *ctx, Sha2 *hash, int bits) {
  uint8_t digest[64];
  sha2_end(hash, bits, digest);
  return hex(ctx, digest, (size_t)bits / 8);
}

/* Begins a digest whose bytes come in pieces. `digestEnd` returns it in hex. */
ROW(digestBegin) {
  INT(0, bits);
  Sha2 hash;
  if (!is_width(ctx, bits)) return JS_EXCEPTION;
  sha2_begin(&hash, bits);
  return new_bytes(ctx, (const uint8_t *)&hash, sizeof hash);
}

ROW(digestAdd) {
  INT(0, bits);
  ROOM(1, sizeof(Sha2), state);
  BYTES(2, bytes);
  Sha2 hash;
  if (!is_width(ctx, bits)) return JS_EXCEPTION;
  memcpy(&hash, state.at, sizeof hash);
  sha2_add(&hash, bits, bytes.at, bytes.length);
  memcpy(state.at, &hash, sizeof hash);
  return JS_UNDEFINED;
}

ROW(digestEnd) {
  INT(0, bits);
  ROOM(1, sizeof(Sha2), state);
  Sha2 hash;
  if (!is_width(ctx, bits)) return JS_EXCEPTION;
  memcpy(&hash, state.at, sizeof hash);
  return digest_end(ctx, &hash, bits);
}

ROW(hex) {
  BYTES(0, bytes);
  return hex(ctx, bytes.at, bytes.length);
}

ROW(encode) {
  size_t length;
  if (!JS_IsString(arguments[0])) return JS_ThrowTypeError(ctx, "libc: a text is needed");
  const char *text = JS_ToCStringLen(ctx, &length, arguments[0]);
  if (!text) return JS_EXCEPTION;
  JSValue array = new_bytes(ctx, (const uint8_t *)text, length);
  JS_FreeCString(ctx, text);
  Bytes bytes;
  if (!JS_IsException(array) && get_bytes(ctx, array, &bytes) == 0) replace_surrogates(bytes.at, bytes.length);
  return array;
}

ROW(decode) {
  BYTES(0, bytes);
  return text_from_utf8(ctx, bytes.at, bytes.length);
}

/* Returns one character per byte. */
ROW(latin1) {
  BYTES(0, bytes);
  if (bytes.length > SIZE_MAX / 2) return JS_ThrowOutOfMemory(ctx);
  uint8_t *wide = js_malloc(ctx, bytes.length * 2 + 1);
  if (!wide) return JS_EXCEPTION;
  size_t to = 0;
  for (size_t i = 0; i < bytes.length; i++) {
    uint8_t byte = bytes.at[i];
    if (byte >= 0x80) wide[to++] = (uint8_t)(0xc0 | byte >> 6);
    wide[to++] = byte < 0x80 ? byte : (uint8_t)(0x80 | (byte & 0x3f));
  }
  JSValue text = JS_NewStringLen(ctx, (const char *)wide, to);
  js_free(ctx, wide);
  return text;
}

/* Returns where the second array's bytes occur first in the first array, from an index on; -1 if they do not. */
ROW(find) {
  BYTES(0, bytes);
  BYTES(1, wanted);
  NUMBER(2, from);
  if (!(from >= 0 && from <= (double)bytes.length)) return JS_NewInt32(ctx, -1);
  uint8_t *start = bytes.at + (size_t)from;
  uint8_t *found = memmem(start, bytes.length - (size_t)from, wanted.at, wanted.length);
  return JS_NewInt64(ctx, found ? found - bytes.at : -1);
}

/* The program itself */

static JSValue text_list(JSContext *ctx, char **texts, int count) {
  JSValue list = JS_NewArray(ctx);
  for (int i = 0; i < count && !JS_IsException(list); i++) {
    JSValue text = text_from_utf8(ctx, (const uint8_t *)texts[i], strlen(texts[i]));
    if (JS_IsException(text) || JS_DefinePropertyValueUint32(ctx, list, (uint32_t)i, text, JS_PROP_C_W_E) < 0) {
      JS_FreeValue(ctx, list);
      return JS_EXCEPTION;
    }
  }
  return list;
}

/* Returns the arguments without the program's own name. */
ROW(programArguments) {
  ONLY_STARTED;
  return argument_count > 0 ? text_list(ctx, argument_list + 1, argument_count - 1) : JS_NewArray(ctx);
}

/* Returns texts of the form "NAME=value", as execve(2) got them. */
ROW(environment) {
  ONLY_STARTED;
  int length = 0;
  while (environ[length]) length++;
  return text_list(ctx, environ, length);
}

/* Returns 1 for a terminal, or -errno. */
ROW(isatty) {
  ONLY_STARTED;
  INT(0, descriptor);
  int is_terminal = isatty(descriptor);
  return is_terminal ? JS_NewInt32(ctx, 1) : result(ctx, -1);
}

/* Nothing of the program runs after this call. */
ROW(exit) {
  ONLY_STARTED;
  INT(0, status);
  libc_exit_status = status & 0xff;
  JS_ThrowInternalError(ctx, "exit");
  JSValue thrown = JS_GetException(ctx);
  JS_SetUncatchableError(ctx, thrown, 1);
  return JS_Throw(ctx, thrown);
}

static JSValue set_function(JSContext *ctx, JSValue *place, JSValueConst function) {
  if (!JS_IsFunction(ctx, function)) return JS_ThrowTypeError(ctx, "libc: a function is needed");
  JS_FreeValue(ctx, *place);
  *place = JS_DupValue(ctx, function);
  return JS_UNDEFINED;
}

/* Sets the function that is called once the program is loaded. */
ROW(onStart) { return set_function(ctx, &snapshot.start, arguments[0]); }

/*
 * Sets the function that is called when all jobs are done. It waits for something, and returns whether there is more to
 * wait for.
 */
ROW(onIdle) { return set_function(ctx, &snapshot.idle, arguments[0]); }

int libc_start(JSContext *ctx) {
  JSValue returned = JS_IsUndefined(snapshot.start) ? JS_UNDEFINED : JS_Call(ctx, snapshot.start, JS_UNDEFINED, 0, NULL);
  JS_FreeValue(ctx, returned);
  return JS_IsException(returned) ? -1 : 0;
}

int libc_idle(JSContext *ctx) {
  if (JS_IsUndefined(snapshot.idle)) return 0;
  JSValue more = JS_Call(ctx, snapshot.idle, JS_UNDEFINED, 0, NULL);
  int goes_on = JS_IsException(more) ? -1 : JS_VALUE_GET_TAG(more) == JS_TAG_BOOL && JS_VALUE_GET_BOOL(more);
  JS_FreeValue(ctx, more);
  return goes_on;
}

void libc_free(JSContext *ctx) {
  JS_FreeValue(ctx, snapshot.start);
  JS_FreeValue(ctx, snapshot.idle);
}

void libc_set_arguments(int count, char **arguments) {
  argument_count = count;
  argument_list = arguments;
}

/* These numbers differ from one architecture to another. */
#define FLAG(name) JS_PROP_INT32_DEF(#name, name, JS_PROP_ENUMERABLE)

static const JSCFunctionListEntry OPEN_FLAGS[] = {
    FLAG(O_RDONLY), FLAG(O_RDWR),     FLAG(O_CREAT),     FLAG(O_EXCL),
    FLAG(O_NOCTTY), FLAG(O_NONBLOCK), FLAG(O_DIRECTORY), FLAG(O_NOFOLLOW), FLAG(O_CLOEXEC),
};

#define PLACE(name, kinds) CALL_##name,
enum { CALLS(PLACE) };

#define CALL_ENTRY(name, kinds) JS_CFUNC_MAGIC_DEF(#name, sizeof kinds - 1, make_call, CALL_##name),
#define ENTRY(name, least) JS_CFUNC_DEF(#name, least, row_##name)

static const JSCFunctionListEntry ROWS[] = {
    CALLS(CALL_ENTRY)
    ENTRY(realpath, 1), ENTRY(fstatat, 4), ENTRY(receive, 3), ENTRY(spawn, 4), ENTRY(clock, 1), ENTRY(semowners, 2),
    ENTRY(digestBegin, 1), ENTRY(digestAdd, 3), ENTRY(digestEnd, 2), ENTRY(hex, 1), ENTRY(encode, 1), ENTRY(decode, 1), ENTRY(latin1, 1),
    ENTRY(find, 3), ENTRY(programArguments, 0), ENTRY(environment, 0), ENTRY(isatty, 1), ENTRY(exit, 1), ENTRY(onStart, 1), ENTRY(onIdle, 1),
    JS_OBJECT_DEF("OPEN", OPEN_FLAGS, sizeof OPEN_FLAGS / sizeof *OPEN_FLAGS, JS_PROP_ENUMERABLE),
};

int libc_add(JSContext *ctx) {
  snapshot.start = snapshot.idle = JS_UNDEFINED;
  JSValue global = JS_GetGlobalObject(ctx), calls = JS_NewObject(ctx);
  JS_SetPropertyFunctionList(ctx, calls, ROWS, sizeof ROWS / sizeof *ROWS);
  int set = JS_SetPropertyStr(ctx, global, "systemCalls", calls);
  JS_FreeValue(ctx, global);
  return set;
}
