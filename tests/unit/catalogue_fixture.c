#include "catalogue_fixture.h"

const char made_dictionary[] =
    "{\"id\":\"made\",\"version\":1,\"variables\":["
    "{\"name\":\"x\",\"type\":\"integer\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":9},"
    "{\"name\":\"y\",\"type\":\"integer\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":9},"
    "{\"name\":\"time\",\"type\":\"days\",\"entity\":\"exam\",\"min\":0,"
    "\"max\":9},"
    "{\"name\":\"event\",\"type\":\"boolean\",\"entity\":\"exam\"},"
    "{\"name\":\"cause\",\"type\":\"category\",\"entity\":\"exam\","
    "\"categories\":[{\"code\":\"none\"},{\"code\":\"a\"},{\"code\":\"b\"}]},"
    "{\"name\":\"group\",\"type\":\"category\",\"entity\":\"exam\","
    "\"categories\":[{\"code\":\"A\"},{\"code\":\"B\"},{\"code\":\"C\"}]}]}";

void made_rows(int32_t (*codes)[MADE_VARIABLES], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        codes[i][X] = 1 + (int32_t)(i % 3);
        codes[i][Y] = (int32_t)(i % 7);
        codes[i][TIME] = 1 + (int32_t)(i % 8);
        codes[i][EVENT] = (int32_t)(i % 2);
        codes[i][CAUSE] = (int32_t)(i % 3);
        codes[i][GROUP] = (int32_t)(i % 2);
    }
}

const char *const made_questions[] = {"{\"count\":{}}",
    "{\"summary\":{\"variables\":[\"x\",\"y\"]}}",
    "{\"frequency\":{\"variable\":\"group\"}}",
    "{\"crosstab\":{\"rows\":\"group\",\"columns\":\"event\"}}",
    "{\"histogram\":{\"variable\":\"x\",\"width\":2}}",
    "{\"quantile\":{\"variable\":\"x\",\"probs\":[0.5]}}",
    "{\"km\":{\"formula\":\"Surv(time, event) ~ group\",\"grid_days\":1}}",
    ("{\"cumulative_incidence\":{\"formula\":\"Surv(time, cause) ~ 1\","
     "\"grid_days\":1}}"),
    "{\"logrank\":{\"formula\":\"Surv(time, event) ~ group\",\"grid_days\":1}}",
    "{\"lm\":{\"formula\":\"y ~ x\"}}",
    "{\"anova\":{\"formula\":\"y ~ group\"}}",
    "{\"mixed\":{\"formula\":\"y ~ x + (1 | center)\"}}",
    "{\"t_test\":{\"formula\":\"y ~ event\"}}",
    "{\"rank_test\":{\"formula\":\"y ~ event\"}}",
    "{\"correlation\":{\"variables\":[\"x\",\"y\"]}}",
    "{\"pca\":{\"variables\":[\"x\",\"y\"]}}",
    "{\"glm\":{\"formula\":\"event ~ x\",\"family\":\"binomial\"}}",
    "{\"roc\":{\"formula\":\"event ~ x\"}}",
    "{\"cox\":{\"formula\":\"Surv(time, event) ~ x\",\"grid_days\":1}}",
    "{\"mlp\":{\"formula\":\"event ~ x + y\"}}", "{\"quality\":{}}"};
const size_t made_question_count =
    sizeof made_questions / sizeof made_questions[0];
