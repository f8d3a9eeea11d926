/* SPDX-License-Identifier: Apache-2.0 */
/* Is this a node's address, and what is it in full? Text only: nothing is looked up. */
#ifndef FR_PLAN_ADDRESS_H
#define FR_PLAN_ADDRESS_H

#include <stddef.h>

#include "content/limits.h"

/* text [bytes]: "host", "host:port", "10.0.0.1:7420", "[2001:db8::1]:7420", "[fe80::1%eth0]", "dns:name:port". Writes it as it was written,
 * FR_DEFAULT_PORT added where there was none and a port without leading zeros. A last label of digits must belong to a valid IPv4 address:
 * "10.0.0.300" would else be taken for a host name and fail only when it is looked up. out [FR_ADDRESS_BYTES_MAX + 1].
 * Returns 0, or FR_E_SYNTAX and in *ret_why a static phrase such as "the port is not 1 .. 65535". */
int fr_address_complete(const char *text, size_t bytes, char *out, const char **ret_why);

/* Is this "dns:NAME" or "dns:NAME:PORT", which stands for every address of NAME? Then the part after "dns:", else NULL. "dns:7420" is a
 * host that is called dns. fr_address_complete takes such a text, too, and keeps the "dns:". */
const char *fr_address_lookup_name(const char *text, size_t bytes);

#endif
