import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { useState } from "react";
import { Provider } from "urql";
import { createClient, type ConnectionState } from "@/graphql/client";
import { LiveProvider } from "@/live/live-provider";
import { router } from "./router";
import { SessionGate } from "./session";
import { cssVariables, theme } from "./theme";

const colorSchemes = localStorageColorSchemeManager({ key: "countersign-appearance" });
/** With it the page's content policy allows the style elements that Mantine and its scroll lock add. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
setNonce(nonce);

export function App() {
  const [connection, setConnection] = useState<ConnectionState>("connecting");
  const [ended, setEnded] = useState(false);
  const [{ client }] = useState(() =>
    createClient({ onConnection: setConnection, onUnauthenticated: () => setEnded(true) }),
  );
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={colorSchemes}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <Notifications position="bottom-right" />
      <Provider value={client}>
        <SessionGate ended={ended}>
          <LiveProvider connection={connection}>
            <RouterProvider router={router} />
          </LiveProvider>
        </SessionGate>
      </Provider>
    </MantineProvider>
  );
}
