/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_BUNDLE_IMPL_H
#define TRANSPORT_BUNDLE_IMPL_H

#include "transport/bundle.h"
#include "transport/impl.h"

/* Private to transport/bundle*.c. */

/* CODE_USAGE where the place's channel cannot be one. */
int bundle_check_channel(const struct bundle_place *place, struct error *err)
    WARN_UNUSED;

#endif
