/*
 * A PKCS#11 module for tests: forwards to another one, and fails where it is told to.
 *
 * Built with -DREAL="/path/of/the/real/module.so". It is told through exported functions.
 */

#include <dlfcn.h>
#include <string.h>

typedef unsigned long ulong_t;
typedef ulong_t (*call_t)(ulong_t, ulong_t, ulong_t, ulong_t, ulong_t, ulong_t, ulong_t, ulong_t);

/* The function list of PKCS#11 2.40: its version, and 68 functions in the order of the standard. */
#define FUNCTIONS 68
struct function_list {
    unsigned char major, minor;
    call_t functions[FUNCTIONS];
};

#define CKR_OK 0UL
#define CKR_GENERAL_ERROR 5UL
#define CKF_RW_SESSION 2UL
#define GET_SLOT_LIST 4
#define GET_TOKEN_INFO 6
#define OPEN_SESSION 12
/* Behind a label, a maker, a model and a serial number. */
#define TOKEN_FLAGS_OFFSET (32 + 32 + 16 + 16)

enum mode { FAIL_BEFORE = 0, FAIL_AFTER = 1 };

static struct function_list *real, list;
static int fault_function = -1, fault_countdown, fault_mode, fault_hits, is_unplugged;
static ulong_t fault_code, write_code, token_flags;
static int calls[FUNCTIONS], forwarded[FUNCTIONS];

void faults_reset(void)
{
    fault_function = -1;
    fault_hits = is_unplugged = 0;
    write_code = CKR_OK;
    token_flags = 0;
    memset(calls, 0, sizeof calls);
    memset(forwarded, 0, sizeof forwarded);
}

/* The nth call from now on (1 is the next one) of a function answers this code, once. */
void faults_inject(int function, int nth, ulong_t code, int mode)
{
    fault_function = function;
    fault_countdown = nth;
    fault_code = code;
    fault_mode = mode;
}

/* Slots are without a token for as long as this is set. */
void faults_unplug(int unplugged) { is_unplugged = unplugged; }

/* Sessions that may write are refused with this code for as long as it is set. */
void faults_refuse_writing(ulong_t code) { write_code = code; }

/* Flags that the token has besides its own, until all is reset. */
void faults_add_token_flags(ulong_t flags) { token_flags = flags; }

int faults_hits(void) { return fault_hits; }
int faults_calls(int function) { return calls[function]; }
int faults_forwarded(int function) { return forwarded[function]; }

static ulong_t forward(int function, ulong_t a, ulong_t b, ulong_t c, ulong_t d, ulong_t e,
                       ulong_t f, ulong_t g, ulong_t h)
{
    int fails = function == fault_function && --fault_countdown == 0;
    calls[function]++;
    if (fails) {
        fault_hits++;
        fault_function = -1;
        if (fault_mode == FAIL_BEFORE)
            return fault_code;
    }
    if (function == GET_SLOT_LIST && is_unplugged) {
        *(ulong_t *)c = 0;
        return CKR_OK;
    }
    if (function == OPEN_SESSION && (b & CKF_RW_SESSION) && write_code != CKR_OK)
        return write_code;
    forwarded[function]++;
    ulong_t code = real->functions[function](a, b, c, d, e, f, g, h);
    if (function == GET_TOKEN_INFO && code == CKR_OK)
        *(ulong_t *)(b + TOKEN_FLAGS_OFFSET) |= token_flags;
    return fails ? fault_code : code;
}

#define WRAPPER(n)                                                                               \
    static ulong_t wrapper_##n(ulong_t a, ulong_t b, ulong_t c, ulong_t d, ulong_t e, ulong_t f, \
                               ulong_t g, ulong_t h)                                             \
    {                                                                                            \
        return forward(n, a, b, c, d, e, f, g, h);                                               \
    }
#define EACH(X)                                                                              \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)    \
    X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29)      \
    X(30) X(31) X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39) X(40) X(41) X(42) X(43)      \
    X(44) X(45) X(46) X(47) X(48) X(49) X(50) X(51) X(52) X(53) X(54) X(55) X(56) X(57)      \
    X(58) X(59) X(60) X(61) X(62) X(63) X(64) X(65) X(66) X(67)
EACH(WRAPPER)
#define ENTRY(n) wrapper_##n,
static const call_t wrappers[FUNCTIONS] = {EACH(ENTRY)};

ulong_t C_GetFunctionList(struct function_list **answer)
{
    if (real == 0) {
        void *module = dlopen(REAL, RTLD_NOW | RTLD_LOCAL);
        ulong_t (*get)(struct function_list **) =
            module ? (ulong_t(*)(struct function_list **))dlsym(module, "C_GetFunctionList") : 0;
        if (get == 0 || get(&real) != CKR_OK)
            return CKR_GENERAL_ERROR;
        list = *real;
        memcpy(list.functions, wrappers, sizeof wrappers);
    }
    *answer = &list;
    return CKR_OK;
}

ulong_t C_Finalize(void *reserved) { return wrapper_1((ulong_t)reserved, 0, 0, 0, 0, 0, 0, 0); }
