#include "chex_dicom_protocol.h"

// Both ends of the pipe rely on structures without gaps, so that no byte that goes over is left to chance.
_Static_assert(sizeof(chex_dicom_header_fields) == 8 * 4 + 4 * 8 + 5 * 24 + 5 * 72, "header has gaps");
_Static_assert(sizeof(chex_dicom_request) == 4 + 4 + 8 + 24, "request has gaps");
_Static_assert(sizeof(chex_dicom_reply) == 4 + 4 + 8 + sizeof(chex_dicom_header_fields) + 256,
               "reply has gaps");
