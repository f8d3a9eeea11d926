/* SPDX-License-Identifier: Apache-2.0 */
/* The words for enum fr_verdict, as the report spells them. */
#include <fastreplica/types.h>

const char *fr_verdict_name(enum fr_verdict verdict) {
    switch (verdict) {
    case FR_VERDICT_PENDING: return "pending";
    case FR_VERDICT_COMPLETE: return "complete";
    case FR_VERDICT_SLOW: return "slow";
    case FR_VERDICT_FAILED: return "failed";
    case FR_VERDICT_UNREACHABLE: return "unreachable";
    case FR_VERDICT_REFUSED: return "refused";
    case FR_VERDICT_USABLE: return "usable";
    }
    return "pending"; /* a number that is no verdict has settled nothing */
}
