/* SPDX-License-Identifier: Apache-2.0 */
/* A session by itself: two of them over a TCP pair with small buffers, stepped by hand, and OpenSSL clients that want something else. */
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/memory.h"
#include "base/prng.h"
#include "content/limits.h"
#include "net/tls_inside.h"
#include "support/test.h"

static const uint8_t SECRET[FR_KEY_BYTES] = "thirty-two bytes, all of them";

struct two {
    struct fr_tls_config *config[2];
    int socket[2];
    struct fr_tls *tls[2];
};

/* A connected TCP pair; small: as little kernel buffer as there may be, so that writes are cut anywhere. */
static void make_pair(int *ret_sockets, bool is_small) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof address;
    int least = 4096, on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (is_small)
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    assert_int_equal(bind(listener, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *) &address, &bytes), 0);
    ret_sockets[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (is_small)
        setsockopt(ret_sockets[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    assert_int_equal(connect(ret_sockets[0], (struct sockaddr *) &address, sizeof address), 0);
    ret_sockets[1] = accept(listener, NULL, NULL);
    assert_true(ret_sockets[1] >= 0);
    close(listener);
    for (int i = 0; i < 2; i++)
        setsockopt(ret_sockets[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* as a connection does */
}

static void set_non_blocking(int fd) {
    int on = 1;
    assert_int_equal(ioctl(fd, FIONBIO, &on), 0);
}

static void two_init(struct two *two, bool is_small) {
    struct fr_failure failure = {0};
    make_pair(two->socket, is_small);
    for (int i = 0; i < 2; i++) {
        set_non_blocking(two->socket[i]);
        two->config[i] = fr_tls_config_new(SECRET, &failure);
        two->tls[i] = fr_tls_new(two->config[i], two->socket[i], i == 0);
        assert_non_null(two->tls[i]);
    }
    for (int turn = 0; turn < 100 && !(two->tls[0]->is_up && two->tls[1]->is_up); turn++)
        for (int i = 0; i < 2; i++)
            assert_true(fr_tls_handshake(two->tls[i], &failure) <= FR_TLS_WANT_WRITE);
    assert_true(two->tls[0]->is_up && two->tls[1]->is_up);
    assert_int_equal(fr_tls_flush(two->tls[0], &failure), FR_TLS_OK);
}

static void two_done(struct two *two) {
    for (int i = 0; i < 2; i++) {
        fr_tls_free(two->tls[i]);
        fr_tls_config_free(two->config[i]);
        close(two->socket[i]);
    }
}

/* Bytes of every kind of write through a keyhole: they come out as they went in, in order, and none waits for ever. */
static void pass_through(bool is_small, uint64_t key_records, uint64_t seed) {
    enum { ALL = 3 << 20 };
    struct two two;
    struct fr_prng prng;
    struct fr_failure failure = {0};
    uint8_t *in = fr_alloc(ALL), *out = fr_alloc(ALL);
    size_t written = 0, read = 0;
    fr_prng_init(&prng, seed);
    for (size_t i = 0; i < ALL; i++)
        in[i] = (uint8_t) (i * 2654435761u >> 13);
    two_init(&two, is_small);
    fr_tls_config_set_key_records(two.config[0], key_records);
    for (unsigned turn = 0; read < ALL; turn++) {
        static const size_t sizes[] = {1, 20, 300, 4096, 16384, 16385, 100000, 1 << 20};
        size_t want = sizes[fr_prng_below(&prng, FR_COUNT_OF(sizes))], count = 0;
        want = want < ALL - written ? want : ALL - written;
        enum fr_tls_result result = want ? fr_tls_write(two.tls[0], in + written, want, &count, &failure) : FR_TLS_WANT_WRITE;
        assert_true(result == FR_TLS_OK ? count >= 1 && count <= want : result == FR_TLS_WANT_WRITE);
        written += result == FR_TLS_OK ? count : 0;
        assert_true(two.tls[0]->out_tail - two.tls[0]->out_head <= FR_TLS_OUT_BYTES); /* what it keeps is bounded */
        if (fr_prng_below(&prng, 3) == 0 || written == ALL)
            assert_true(fr_tls_flush(two.tls[0], &failure) <= FR_TLS_WANT_WRITE);
        for (unsigned i = 0; i < 20; i++) {
            size_t room = 1 + fr_prng_below(&prng, 40000);
            room = room < ALL - read ? room : ALL - read;
            if (room == 0 || fr_tls_read(two.tls[1], out + read, room, &count, &failure) != FR_TLS_OK)
                break;
            read += count;
        }
        assert_int_equal(failure.error, 0);
        assert_true(turn < 1000000);
    }
    assert_memory_equal(in, out, ALL);
    assert_null(two.tls[0]->out); /* nothing waits, nothing is kept */
    two_done(&two);
    fr_free(in);
    fr_free(out);
}

static void bytes_pass_through_a_keyhole(void **state) {
    (void) state;
    for (uint64_t seed = 1; seed <= 4; seed++)
        pass_through(true, 1000000, seed);
}

static void bytes_pass_through_a_wide_door(void **state) {
    (void) state;
    for (uint64_t seed = 1; seed <= 4; seed++)
        pass_through(false, 1000000, seed);
}

static void keys_change_under_way(void **state) {
    (void) state;
    pass_through(true, 5, 7);
    pass_through(false, 1, 8);
}

static void a_full_socket_takes_nothing(void **state) {
    (void) state;
    struct two two;
    struct fr_failure failure = {0};
    static uint8_t bytes[1 << 20];
    size_t count = 0, all = 0;
    two_init(&two, true);
    while (fr_tls_write(two.tls[0], bytes, sizeof bytes, &count, &failure) == FR_TLS_OK)
        all += count;
    assert_int_equal(failure.error, 0);
    assert_true(all < sizeof bytes);
    assert_int_equal(fr_tls_write(two.tls[0], bytes, 1, &count, &failure), FR_TLS_WANT_WRITE);
    assert_int_equal(fr_tls_flush(two.tls[0], &failure), FR_TLS_WANT_WRITE);
    size_t read = 0;
    for (unsigned turn = 0; read < all && turn < 100000; turn++) {
        if (fr_tls_read(two.tls[1], bytes, sizeof bytes, &count, &failure) == FR_TLS_OK)
            read += count;
        else
            fr_tls_flush(two.tls[0], &failure);
    }
    assert_int_equal(read, all);
    two_done(&two);
}

static void what_is_left_of_a_record_is_pending(void **state) {
    (void) state;
    struct two two;
    struct fr_failure failure = {0};
    uint8_t bytes[10];
    size_t count = 0;
    two_init(&two, false);
    assert_int_equal(fr_tls_write(two.tls[0], (const uint8_t *) "0123456789", 10, &count, &failure), FR_TLS_OK);
    assert_int_equal(fr_tls_flush(two.tls[0], &failure), FR_TLS_OK);
    assert_false(fr_tls_has_pending(two.tls[1]));
    assert_int_equal(fr_tls_read(two.tls[1], bytes, 4, &count, &failure), FR_TLS_OK);
    assert_int_equal(count, 4);
    assert_true(fr_tls_has_pending(two.tls[1]));
    assert_int_equal(fr_tls_read(two.tls[1], bytes, 10, &count, &failure), FR_TLS_OK);
    assert_int_equal(count, 6);
    assert_false(fr_tls_has_pending(two.tls[1]));
    assert_int_equal(fr_tls_read(two.tls[1], bytes, 10, &count, &failure), FR_TLS_WANT_READ);
    two_done(&two);
}

/* Nothing is left lying in the kernel for a timer of its own to send it. */
static void a_flush_lets_everything_go(void **state) {
    (void) state;
    static const size_t sizes[] = {1, 4000, FR_TLS_PLAIN_MAX, FR_TLS_PLAIN_MAX + 1, 3 * FR_TLS_PLAIN_MAX};
    static uint8_t bytes[3 * FR_TLS_PLAIN_MAX];
    struct two two;
    struct fr_failure failure = {0};
    two_init(&two, false);
    for (size_t i = 0; i < FR_COUNT_OF(sizes); i++) {
        size_t count = 0, read = 0;
        assert_int_equal(fr_tls_write(two.tls[0], bytes, sizes[i], &count, &failure), FR_TLS_OK);
        assert_int_equal(count, sizes[i]);
        assert_int_equal(fr_tls_flush(two.tls[0], &failure), FR_TLS_OK);
        while (read < sizes[i] && fr_tls_read(two.tls[1], bytes, sizeof bytes, &count, &failure) == FR_TLS_OK)
            read += count;
        assert_int_equal(read, sizes[i]); /* loopback delivers within the call */
    }
    two_done(&two);
}

static void ends_are_told_apart(void **state) {
    (void) state;
    struct fr_failure failure = {0};
    uint8_t byte;
    size_t count = 0;
    for (int is_polite = 0; is_polite < 2; is_polite++) {
        struct two two;
        two_init(&two, false);
        if (is_polite)
            fr_tls_close_notify(two.tls[0]);
        else
            shutdown(two.socket[0], SHUT_WR);
        assert_int_equal(fr_tls_read(two.tls[1], &byte, 1, &count, &failure), FR_TLS_EOF);
        assert_int_equal(fr_tls_read(two.tls[1], &byte, 1, &count, &failure), FR_TLS_EOF);
        if (is_polite) /* then our half is still open */
            assert_int_equal(fr_tls_write(two.tls[1], &byte, 1, &count, &failure), FR_TLS_OK);
        assert_int_equal(failure.error, 0);
        two_done(&two);
    }
}

static void writing_to_nobody_fails_with_the_reason(void **state) {
    (void) state;
    struct two two;
    struct fr_failure failure = {0};
    static uint8_t bytes[2 * FR_TLS_OUT_BYTES];
    size_t count = 0;
    two_init(&two, false);
    shutdown(two.socket[0], SHUT_WR);
    assert_int_equal(fr_tls_write(two.tls[0], bytes, 1, &count, &failure), FR_TLS_OK); /* it is only gathered */
    assert_int_equal(fr_tls_flush(two.tls[0], &failure), FR_TLS_FAILED);
    assert_int_equal(failure.error, FR_E_CLOSED);
    assert_int_equal(failure.sys_errno, EPIPE);
    failure = (struct fr_failure){0};
    assert_int_equal(fr_tls_write(two.tls[0], bytes, sizeof bytes, &count, &failure), FR_TLS_FAILED);
    assert_int_equal(failure.error, FR_E_CLOSED);
    two_done(&two);
}

static void settings_live_as_long_as_a_session(void **state) {
    (void) state;
    struct two two;
    two_init(&two, false);
    for (int i = 0; i < 2; i++) {
        fr_tls_config_free(two.config[i]);
        two.config[i] = NULL;
    }
    assert_string_equal(fr_tls_config_identity(two.tls[0]->config), fr_tls_config_identity(two.tls[1]->config));
    two_done(&two);
}

static void what_was_agreed_is_what_we_promise(void **state) {
    (void) state;
    struct two two;
    two_init(&two, false);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(SSL_version(two.tls[i]->ssl), TLS1_3_VERSION);
        assert_string_equal(SSL_get_cipher_name(two.tls[i]->ssl), "TLS_AES_128_GCM_SHA256");
        assert_int_equal(SSL_session_reused(two.tls[i]->ssl), 1); /* OpenSSL's word for: by PSK */
        assert_null(SSL_get0_peer_certificate(two.tls[i]->ssl));
        assert_int_not_equal(SSL_get_negotiated_group(two.tls[i]->ssl), 0); /* with ECDHE */
    }
    two_done(&two);
}

/* ---- an OpenSSL client of another mind ---- */

static SSL_SESSION *our_session;

static int offer_our_key(SSL *ssl, const EVP_MD *digest, const unsigned char **ret_id, size_t *ret_bytes, SSL_SESSION **ret_session) {
    static char identity[FR_TLS_IDENTITY_BYTES + 1];
    struct fr_failure failure = {0};
    struct fr_tls_config *config = fr_tls_config_new(SECRET, &failure);
    (void) ssl, (void) digest;
    memcpy(identity, fr_tls_config_identity(config), sizeof identity);
    fr_tls_config_free(config);
    *ret_id = (const unsigned char *) identity;
    *ret_bytes = FR_TLS_IDENTITY_BYTES;
    *ret_session = SSL_SESSION_dup(our_session);
    return 1;
}

static int never_verify(int is_ok, X509_STORE_CTX *context) {
    (void) is_ok, (void) context;
    return 1;
}

struct stranger {
    int version; /* the only one it speaks */
    const char *suites;
    const char *groups;
    bool has_key;       /* offers our identity and the true PSK */
    bool has_wrong_key; /* our identity, another PSK */
};

/* What the accepter makes of it. */
static enum fr_tls_result accept_stranger(const struct stranger *stranger, struct fr_failure *failure) {
    int sockets[2];
    make_pair(sockets, false);
    set_non_blocking(sockets[0]);
    set_non_blocking(sockets[1]);
    struct fr_tls_config *config = fr_tls_config_new(SECRET, failure);
    struct fr_tls *tls = fr_tls_new(config, sockets[1], false);
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    SSL_CTX_set_min_proto_version(context, stranger->version);
    SSL_CTX_set_max_proto_version(context, stranger->version);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, never_verify);
    if (stranger->suites)
        assert_int_equal(SSL_CTX_set_ciphersuites(context, stranger->suites), 1);
    if (stranger->groups)
        assert_int_equal(SSL_CTX_set1_groups_list(context, stranger->groups), 1);
    our_session = SSL_SESSION_dup(config->session);
    if (stranger->has_wrong_key)
        SSL_SESSION_set1_master_key(our_session, SECRET, 32);
    if (stranger->has_key || stranger->has_wrong_key)
        SSL_CTX_set_psk_use_session_callback(context, offer_our_key);
    SSL *client = SSL_new(context);
    SSL_set_fd(client, sockets[0]);
    enum fr_tls_result result = FR_TLS_WANT_READ;
    for (int turn = 0; turn < 50 && (result == FR_TLS_WANT_READ || result == FR_TLS_WANT_WRITE); turn++) {
        SSL_connect(client);
        ERR_clear_error();
        result = fr_tls_handshake(tls, failure);
    }
    SSL_SESSION_free(our_session);
    SSL_free(client);
    SSL_CTX_free(context);
    fr_tls_free(tls);
    fr_tls_config_free(config);
    close(sockets[0]);
    close(sockets[1]);
    return result;
}

static void only_the_true_key_gets_in(void **state) {
    (void) state;
    static const struct {
        struct stranger stranger;
        enum fr_tls_result result;
    } cases[] = {
        {{.version = TLS1_3_VERSION, .has_key = true}, FR_TLS_OK},
        {{.version = TLS1_3_VERSION, .has_key = true, .suites = "TLS_CHACHA20_POLY1305_SHA256"}, FR_TLS_OK},
        {{.version = TLS1_3_VERSION, .has_key = true, .groups = "P-256"}, FR_TLS_OK},
        {{.version = TLS1_3_VERSION, .has_wrong_key = true}, FR_TLS_FAILED},
        {{.version = TLS1_3_VERSION}, FR_TLS_FAILED}, /* hopes for a certificate */
        {{.version = TLS1_2_VERSION}, FR_TLS_FAILED},
        {{.version = TLS1_3_VERSION, .has_key = true, .suites = "TLS_AES_256_GCM_SHA384"}, FR_TLS_FAILED},
        {{.version = TLS1_3_VERSION, .has_key = true, .groups = "P-521"}, FR_TLS_FAILED},
    };
    for (size_t i = 0; i < FR_COUNT_OF(cases); i++) {
        struct fr_failure failure = {0};
        assert_int_equal(accept_stranger(&cases[i].stranger, &failure), cases[i].result);
        assert_int_equal(failure.error, cases[i].result == FR_TLS_OK ? 0 : FR_E_SECRET);
    }
}

static void every_allocation_of_ours_may_fail(void **state) {
    (void) state;
    for (uint64_t nth = 1;; nth++) {
        struct fr_failure failure = {0};
        fr_memory_fail_from(nth);
        struct fr_tls_config *config = fr_tls_config_new(SECRET, &failure);
        struct fr_tls *tls = config ? fr_tls_new(config, -1, true) : NULL;
        fr_memory_fail_from(0);
        assert_int_equal(failure.error, config ? 0 : FR_E_MEMORY);
        bool is_whole = tls != NULL;
        fr_tls_free(tls);
        fr_tls_config_free(config);
        if (is_whole)
            return;
        assert_true(nth < 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_through_a_keyhole),
        cmocka_unit_test(bytes_pass_through_a_wide_door),
        cmocka_unit_test(keys_change_under_way),
        cmocka_unit_test(a_full_socket_takes_nothing),
        cmocka_unit_test(what_is_left_of_a_record_is_pending),
        cmocka_unit_test(a_flush_lets_everything_go),
        cmocka_unit_test(ends_are_told_apart),
        cmocka_unit_test(writing_to_nobody_fails_with_the_reason),
        cmocka_unit_test(settings_live_as_long_as_a_session),
        cmocka_unit_test(what_was_agreed_is_what_we_promise),
        cmocka_unit_test(only_the_true_key_gets_in),
        cmocka_unit_test(every_allocation_of_ours_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
