/* SPDX-License-Identifier: Apache-2.0 */
/** What can go wrong, as numbers and as sentences.
 *
 *  Functions that can fail return `int`: 0, or one of the negative values below. Where a person will read about it,
 *  they also fill a `struct fr_failure`: the same number, the errno behind it if there was one, and one line that says
 *  what failed, on what, why, and what to do.
 */
#ifndef FASTREPLICA_ERROR_H
#define FASTREPLICA_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum fr_error {
    FR_OK = 0,
    FR_E_ARGUMENT = -1001,    /**< an argument is out of its documented range: the caller's mistake */
    FR_E_MEMORY = -1002,      /**< no memory */
    FR_E_IO = -1003,          /**< a file or socket call failed; errno is kept */
    FR_E_NO_SPACE = -1004,    /**< the store has no room (ENOSPC, EDQUOT, or found out beforehand) */
    FR_E_CHANGED = -1005,     /**< the source shrank, grew or was rewritten while it was pushed */
    FR_E_NAME = -1006,        /**< an object name that could leave the store or cannot be stored */
    FR_E_PROTOCOL = -1007,    /**< a peer broke the protocol */
    FR_E_DIGEST = -1008,      /**< bytes do not match the digest that the origin signed */
    FR_E_SIGNATURE = -1009,   /**< a signature does not verify */
    FR_E_SECRET = -1010,      /**< the other side does not hold our cluster secret */
    FR_E_UNTRUSTED = -1011,   /**< signed by an origin key that this node does not trust */
    FR_E_UNREACHABLE = -1012, /**< no connection could be made */
    FR_E_TIMEOUT = -1013,     /**< a deadline passed */
    FR_E_REFUSED = -1014,     /**< the other side answered, and said no */
    FR_E_CLOSED = -1015,      /**< the other side closed the link */
    FR_E_LIMIT = -1016,       /**< a limit of this node or of the format was reached */
    FR_E_VERSION = -1017,     /**< no protocol version in common */
    FR_E_CANCELLED = -1018,   /**< stopped on request */
    FR_E_RESOLVE = -1019,     /**< a host name has no address */
    FR_E_IN_USE = -1020,      /**< the address or the store is in use by another process */
    FR_E_SYNTAX = -1021,      /**< text (a node list, a size, a key file) that cannot be parsed */
    FR_E_ABORTED = -1022,     /**< the origin gave the push up */
};

enum { FR_FAILURE_TEXT_MAX = 400 }; /**< bytes of a failure's text, the final NUL included */

/** One failure, told to a person. All zero means: none. Plain value, copied freely. */
struct fr_failure {
    int error;                      /**< 0 or enum fr_error */
    int sys_errno;                  /**< errno behind it, 0 if none */
    char text[FR_FAILURE_TEXT_MAX]; /**< one line, no newline, NUL-terminated; never holds control characters */
};

/** Short stable name of an error, such as "FR_E_NO_SPACE"; "FR_E_UNKNOWN" for a number that is none. Never NULL. */
const char *fr_error_name(int error);

/** A few plain words for an error, such as "no space in the store". Never NULL. */
const char *fr_error_text(int error);

#ifdef __cplusplus
}
#endif
#endif
