// The schema as @graphql-eslint sees it: its recommended rules and Relay's, but for the exceptions below.
import { dirname } from "node:path";
import plugin from "@graphql-eslint/eslint-plugin";
import { ESLint } from "eslint";

const file = process.argv[2];
const recommended = plugin.configs["flat/schema-recommended"].rules;
const relay = plugin.configs["flat/schema-relay"].rules;

const rule = (name, options) => ({ [`@graphql-eslint/${name}`]: ["error", options] });
const exceptions = {
  // Lists that are short by nature (a release's keypairs) have no pages, nor have deprecated ones.
  ...rule("relay-edge-types", {
    withEdgeSuffix: true,
    shouldImplementNode: true,
    listTypeCanWrapOnlyEdgeType: false,
  }),
  // What has no identity of its own has no id: pages, answers, and values.
  ...rule("strict-id-in-types", {
    exceptions: {
      suffixes: ["Connection", "Edge", "Payload", "Outcome", "State", "Explanation"],
      types: [
        "Credential", // of the clock or an operator: without an id
        "Viewer",
        "PageInfo",
        "PendingEmail",
        "UserError",
        "Factor",
        "Artifact",
        "ContextEntry",
        "ReleaseCount",
        "SignatureCount",
        "FieldChange",
        "DeliveryTrouble",
        "OpenPgp",
        "Signer", // an operator connects it: it has a name, and no other facts
        "SignerAlgorithm",
        "LedgerDecision",
        "RefusedAttempt",
        "Term",
        "TimeStamp",
        "Vocabulary",
        "Decision",
        "ClaimCondition",
        "Origin",
        "AvailableAction",
        "AvailableSubjectAction",
        "ReleaseEvent",
        "InboxEvent",
        "AccountEvent",
        "ReleaseManifest",
        "PublicKey",
        "NotificationPreference",
      ],
    },
  }),
};

const eslint = new ESLint({
  cwd: dirname(file),
  overrideConfigFile: true,
  overrideConfig: [
    {
      files: ["**/*.graphql"],
      languageOptions: { parser: plugin.parser, parserOptions: { graphQLConfig: { schema: file } } },
      plugins: { "@graphql-eslint": plugin },
      rules: { ...recommended, ...relay, ...exceptions },
    },
  ],
});
const [result] = await eslint.lintFiles([file]);
const told = result.messages.map(({ line, ruleId, message }) => ({ line, rule: ruleId, message }));
console.log(JSON.stringify({ rules: Object.keys({ ...recommended, ...relay }), told }));
