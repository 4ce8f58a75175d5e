import { Text } from "@mantine/core";
import { useWords } from "@/app/session";
import type { Refusal } from "@/graphql/refusal";

/** Why something is refused: what the person's language calls it, and below that the server's sentence, in English. */
export function RefusalText({ refusal: { code, message } }: { refusal: Refusal }) {
  const heading = useHeading()(code);
  return (
    <>
      {heading && (
        <Text span inherit display="block" fw={600}>
          {heading}
        </Text>
      )}
      <Text span inherit display="block" lang={code && "en"}>
        {message}
      </Text>
    </>
  );
}

/** Returns how a refusal is said where there is room for a text alone. */
export function useRefusalLine() {
  const headingOf = useHeading();
  return ({ code, message }: Refusal) => [headingOf(code), message].filter(Boolean).join(": ");
}

function useHeading() {
  const word = useWords();
  return (code: Refusal["code"]) => {
    const heading = code && word("refusals", code);
    return heading === code ? undefined : heading;
  };
}
