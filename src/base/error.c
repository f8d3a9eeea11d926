/* SPDX-License-Identifier: Apache-2.0 */
/* The names and words of <fastreplica/error.h>. Switches without a default, so that the compiler asks for each new error. */
#include <fastreplica/error.h>

const char *fr_error_name(int error) {
    switch ((enum fr_error) error) {
    case FR_OK: return "FR_OK";
    case FR_E_ARGUMENT: return "FR_E_ARGUMENT";
    case FR_E_MEMORY: return "FR_E_MEMORY";
    case FR_E_IO: return "FR_E_IO";
    case FR_E_NO_SPACE: return "FR_E_NO_SPACE";
    case FR_E_CHANGED: return "FR_E_CHANGED";
    case FR_E_NAME: return "FR_E_NAME";
    case FR_E_PROTOCOL: return "FR_E_PROTOCOL";
    case FR_E_DIGEST: return "FR_E_DIGEST";
    case FR_E_SIGNATURE: return "FR_E_SIGNATURE";
    case FR_E_SECRET: return "FR_E_SECRET";
    case FR_E_UNTRUSTED: return "FR_E_UNTRUSTED";
    case FR_E_UNREACHABLE: return "FR_E_UNREACHABLE";
    case FR_E_TIMEOUT: return "FR_E_TIMEOUT";
    case FR_E_REFUSED: return "FR_E_REFUSED";
    case FR_E_CLOSED: return "FR_E_CLOSED";
    case FR_E_LIMIT: return "FR_E_LIMIT";
    case FR_E_VERSION: return "FR_E_VERSION";
    case FR_E_CANCELLED: return "FR_E_CANCELLED";
    case FR_E_RESOLVE: return "FR_E_RESOLVE";
    case FR_E_IN_USE: return "FR_E_IN_USE";
    case FR_E_SYNTAX: return "FR_E_SYNTAX";
    case FR_E_ABORTED: return "FR_E_ABORTED";
    }
    return "FR_E_UNKNOWN";
}

const char *fr_error_text(int error) {
    switch ((enum fr_error) error) {
    case FR_OK: return "no error";
    case FR_E_ARGUMENT: return "an argument is out of its range";
    case FR_E_MEMORY: return "out of memory";
    case FR_E_IO: return "a file or socket call failed";
    case FR_E_NO_SPACE: return "no space in the store";
    case FR_E_CHANGED: return "the source changed while it was pushed";
    case FR_E_NAME: return "an object name that is not allowed";
    case FR_E_PROTOCOL: return "the other side broke the protocol";
    case FR_E_DIGEST: return "bytes that do not match their digest";
    case FR_E_SIGNATURE: return "a signature that does not verify";
    case FR_E_SECRET: return "the cluster secrets differ";
    case FR_E_UNTRUSTED: return "an origin key that is not trusted here";
    case FR_E_UNREACHABLE: return "no connection could be made";
    case FR_E_TIMEOUT: return "a deadline passed";
    case FR_E_REFUSED: return "the other side refused";
    case FR_E_CLOSED: return "the other side closed the connection";
    case FR_E_LIMIT: return "a limit was reached";
    case FR_E_VERSION: return "no protocol version in common";
    case FR_E_CANCELLED: return "stopped on request";
    case FR_E_RESOLVE: return "a host name without an address";
    case FR_E_IN_USE: return "in use by another process";
    case FR_E_SYNTAX: return "text that cannot be understood";
    case FR_E_ABORTED: return "the origin gave the push up";
    }
    return "an unknown error";
}
