/* SPDX-License-Identifier: MIT */
/*
 * fuzz_dns_answer - any bytes, read as the answer to a question for MX, A or AAAA
 *
 * The first byte chooses the question, the rest is the message.  What is believed is within its bounds and fit to
 * be asked for next.
 */
#include <arpa/nameser.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/dns_message.h"
#include "fuzz.h"

#define ID 0x1234

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct {
                const char *name;
                int type;
        } questions[] = {{"example.test", ns_t_mx}, {"example.test", ns_t_a}, {"example.test", ns_t_aaaa},
                {".", ns_t_ns}};
        struct dns_answer answer;
        size_t which;

        if (size == 0)
                return 0;
        which = data[0] % (sizeof(questions) / sizeof(questions[0]));
        if (!dns_message_read(data + 1, size - 1, questions[which].name, questions[which].type, ID, &answer))
                return 0;
        if (answer.n_addresses > DNS_ADDRESSES_MAX || answer.n_exchanges > DNS_EXCHANGES_MAX ||
                answer.code > 15)
                abort();
        for (size_t i = 0; i < answer.n_exchanges; i++)
                if (answer.exchanges[i].name[0] && !dns_message_name_valid(answer.exchanges[i].name))
                        abort();
        for (size_t i = 0; i < answer.n_addresses; i++)
                if (answer.addresses[i].family != (questions[which].type == ns_t_a ? AF_INET : AF_INET6))
                        abort();
        return 0;
}
