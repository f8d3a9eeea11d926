/* SPDX-License-Identifier: Apache-2.0 */
/* The key folder: making its three files and reading them. Each secret is in memory in as few places as can be, and wiped from
 * each before that is given back. */
#include "node/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/failure.h"
#include "base/memory.h"
#include "base/text.h"

enum {
    HEX_BYTES = 2 * FR_KEY_BYTES,
    TEXT_BYTES = HEX_BYTES + 1, /* a key file: one line */
    KEY_FILE_BYTES_MAX = 128,   /* what is read of one; longer is no key file */
};

enum { SECRET_FILE, ORIGIN_KEY_FILE, ORIGIN_PUB_FILE, FILE_COUNT };

/* One kind of key file. */
static const struct {
    const char *name;
    mode_t mode;
} key_files[FILE_COUNT] = {
    [SECRET_FILE] = {"cluster.secret", 0600},
    [ORIGIN_KEY_FILE] = {"origin.key", 0600},
    [ORIGIN_PUB_FILE] = {"origin.pub", 0644},
};

struct fr_keys {
    uint8_t secret[FR_KEY_BYTES];
    uint8_t origin_public[FR_KEY_BYTES];
    bool has_origin_public;
    struct fr_sign_key *sign_key;
    struct fr_verify_key *verify_key;
};

/* Making */

static int write_whole(int fd, const char *text, size_t bytes) {
    while (bytes > 0) {
        ssize_t count = write(fd, text, bytes);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        text += count;
        bytes -= (size_t) count;
    }
    return 0;
}

/* Creates one key file; on failure it is not there, unless it was before. */
static int write_key_file(int folder, const char *directory, int which, const uint8_t *key, struct fr_failure *failure) {
    const char *name = key_files[which].name;
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, key_files[which].mode);
    if (fd < 0 && errno == EEXIST)
        return fr_failure_set(failure, FR_E_IN_USE, 0, "%s/%s exists and is never overwritten; choose another folder", directory, name);
    if (fd < 0)
        return fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot create %s/%s", directory, name);
    char text[TEXT_BYTES + 1];
    fr_text_hex(key, FR_KEY_BYTES, text);
    text[HEX_BYTES] = '\n';
    /* fchmod: the umask may have taken bits from origin.pub, which nodes running as someone else must read. */
    int error = 0;
    if (fchmod(fd, key_files[which].mode) != 0 || write_whole(fd, text, TEXT_BYTES) != 0 || fsync(fd) != 0)
        error = fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot write %s/%s", directory, name);
    OPENSSL_cleanse(text, sizeof text);
    if (close(fd) != 0 && !error)
        error = fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot write %s/%s", directory, name);
    if (error)
        unlinkat(folder, name, 0);
    return error;
}

/* keys [FILE_COUNT][FR_KEY_BYTES] */
static int make_keys(uint8_t (*keys)[FR_KEY_BYTES], struct fr_failure *failure) {
    if (RAND_priv_bytes(keys[SECRET_FILE], FR_KEY_BYTES) != 1 || RAND_priv_bytes(keys[ORIGIN_KEY_FILE], FR_KEY_BYTES) != 1)
        return fr_failure_set(failure, FR_E_IO, 0, "the system gives no random bytes for keys");
    struct fr_sign_key *sign_key = fr_sign_key_new(keys[ORIGIN_KEY_FILE]);
    if (!sign_key)
        return fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the origin's key");
    fr_sign_key_public(sign_key, keys[ORIGIN_PUB_FILE]);
    fr_sign_key_free(sign_key);
    return 0;
}

/* All three or none. */
static int write_key_files(int folder, const char *directory, uint8_t (*keys)[FR_KEY_BYTES], struct fr_failure *failure) {
    int which = 0, error = 0;
    for (; which < FILE_COUNT && !error; which++)
        error = write_key_file(folder, directory, which, keys[which], failure);
    if (!error && fsync(folder) != 0)
        error = fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot write the folder %s", directory);
    else if (error)
        which--; /* the one that failed is not ours to remove */
    while (error && which-- > 0)
        unlinkat(folder, key_files[which].name, 0);
    return error;
}

int fr_keys_generate(const char *directory, struct fr_failure *failure) {
    bool is_new = mkdir(directory, 0700) == 0;
    if (!is_new && errno != EEXIST)
        return fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot create the key folder %s", directory);
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return fr_failure_set(failure, fr_error_from_errno(errno), errno, "cannot open the key folder %s", directory);
    uint8_t keys[FILE_COUNT][FR_KEY_BYTES];
    int error = make_keys(keys, failure);
    if (!error)
        error = write_key_files(folder, directory, keys, failure);
    OPENSSL_cleanse(keys, sizeof keys);
    close(folder);
    if (error && is_new)
        rmdir(directory);
    return error;
}

/* Reading */

/* The one line of a key file, white space after it allowed: people paste keys. text [KEY_FILE_BYTES_MAX + 1]. */
static int parse_key(char *text, size_t bytes, uint8_t *ret_key) {
    while (bytes > 0 && (text[bytes - 1] == '\n' || text[bytes - 1] == '\r' || text[bytes - 1] == ' '))
        bytes--;
    if (bytes != HEX_BYTES)
        return FR_E_SYNTAX;
    text[bytes] = '\0';
    return fr_text_unhex(text, ret_key, FR_KEY_BYTES);
}

static int read_key_fd(int fd, const char *directory, int which, uint8_t *ret_key, struct fr_failure *failure) {
    const char *name = key_files[which].name;
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fr_failure_set(failure, FR_E_IO, errno, "cannot read %s/%s", directory, name);
    if (!S_ISREG(status.st_mode))
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s/%s is no key file", directory, name);
    if (which != ORIGIN_PUB_FILE && (status.st_mode & S_IRWXO) != 0)
        return fr_failure_set(failure, FR_E_ARGUMENT, 0, "%s/%s can be read or written by everyone; chmod o= it", directory, name);
    char text[KEY_FILE_BYTES_MAX + 1];
    ssize_t bytes;
    do
        bytes = read(fd, text, KEY_FILE_BYTES_MAX);
    while (bytes < 0 && errno == EINTR);
    int error = 0;
    if (bytes < 0)
        error = fr_failure_set(failure, FR_E_IO, errno, "cannot read %s/%s", directory, name);
    else if (bytes == KEY_FILE_BYTES_MAX || parse_key(text, (size_t) bytes, ret_key) != 0)
        error = fr_failure_set(failure, FR_E_SYNTAX, 0, "%s/%s is no key file: it must hold one line of %d hex digits", directory, name,
                               HEX_BYTES);
    OPENSSL_cleanse(text, sizeof text);
    return error;
}

static int read_key(const char *directory, int folder, int which, uint8_t *ret_key, struct fr_failure *failure) {
    int fd = openat(folder, key_files[which].name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return fr_failure_set(failure, FR_E_IO, errno, "cannot open %s/%s (fastreplica keygen DIR makes keys)", directory,
                              key_files[which].name);
    int error = read_key_fd(fd, directory, which, ret_key, failure);
    close(fd);
    return error;
}

static int load_origin_key(struct fr_keys *keys, const char *directory, int folder, struct fr_failure *failure) {
    uint8_t seed[FR_KEY_BYTES];
    int error = read_key(directory, folder, ORIGIN_KEY_FILE, seed, failure);
    if (!error) {
        keys->sign_key = fr_sign_key_new(seed);
        if (!keys->sign_key)
            error = fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for the origin's key");
    }
    OPENSSL_cleanse(seed, sizeof seed);
    if (error)
        return error;
    fr_sign_key_public(keys->sign_key, keys->origin_public);
    keys->has_origin_public = true;
    return 0;
}

static int load_origin_pub(struct fr_keys *keys, const char *directory, int folder, struct fr_failure *failure) {
    int error = read_key(directory, folder, ORIGIN_PUB_FILE, keys->origin_public, failure);
    if (error)
        return error;
    keys->has_origin_public = true;
    keys->verify_key = fr_verify_key_new(keys->origin_public);
    if (!keys->verify_key)
        return fr_failure_set(failure, FR_E_SYNTAX, 0, "%s/%s is no Ed25519 public key", directory, key_files[ORIGIN_PUB_FILE].name);
    return 0;
}

static int load_role(struct fr_keys *keys, const char *directory, int folder, enum fr_keys_role role, struct fr_failure *failure) {
    int error = read_key(directory, folder, SECRET_FILE, keys->secret, failure);
    if (error)
        return error;
    switch (role) {
    case FR_KEYS_NODE: return load_origin_pub(keys, directory, folder, failure);
    case FR_KEYS_ORIGIN: return load_origin_key(keys, directory, folder, failure);
    case FR_KEYS_STATUS: return 0;
    }
    return fr_failure_set(failure, FR_E_ARGUMENT, 0, "no such role of keys: %d", (int) role);
}

int fr_keys_load(const char *directory, enum fr_keys_role role, struct fr_keys **ret_keys, struct fr_failure *failure) {
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return fr_failure_set(failure, FR_E_IO, errno, "cannot open the key folder %s (fastreplica keygen DIR makes one)", directory);
    struct fr_keys *keys = fr_alloc_zeroed(1, sizeof *keys);
    int error;
    if (!keys)
        error = fr_failure_set(failure, FR_E_MEMORY, 0, "no memory for keys");
    else
        error = load_role(keys, directory, folder, role, failure);
    close(folder);
    if (error)
        fr_keys_free(keys);
    else
        *ret_keys = keys;
    return error;
}

void fr_keys_free(struct fr_keys *keys) {
    if (!keys)
        return;
    fr_sign_key_free(keys->sign_key);
    fr_verify_key_free(keys->verify_key);
    OPENSSL_cleanse(keys, sizeof *keys);
    fr_free(keys);
}

/* Looking inside */

const uint8_t *fr_keys_secret(const struct fr_keys *keys) { return keys->secret; }

const struct fr_sign_key *fr_keys_sign_key(const struct fr_keys *keys) { return keys->sign_key; }

const struct fr_verify_key *fr_keys_verify_key(const struct fr_keys *keys) { return keys->verify_key; }

const uint8_t *fr_keys_origin_public(const struct fr_keys *keys) { return keys->has_origin_public ? keys->origin_public : NULL; }
