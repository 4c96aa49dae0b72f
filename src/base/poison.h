/** Tells AddressSanitizer which bytes of an arena are nobody's, so that late use is seen; nothing without it. */
#ifndef GW_BASE_POISON_H
#define GW_BASE_POISON_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GW_HAS_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define GW_HAS_ASAN 1
#endif

#ifdef GW_HAS_ASAN
#include <sanitizer/asan_interface.h>
#define GW_POISON(ptr, bytes)   ASAN_POISON_MEMORY_REGION((ptr), (bytes))
#define GW_UNPOISON(ptr, bytes) ASAN_UNPOISON_MEMORY_REGION((ptr), (bytes))
#else
#define GW_POISON(ptr, bytes)   ((void)(ptr), (void)(bytes))
#define GW_UNPOISON(ptr, bytes) ((void)(ptr), (void)(bytes))
#endif

#endif
