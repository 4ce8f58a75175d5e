import "@mantine/spotlight/styles.css";
import { useDebouncedValue } from "@mantine/hooks";
import { createSpotlight, Spotlight } from "@mantine/spotlight";
import { IconRocket, IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useQuery } from "urql";
import { useMessages } from "@/i18n/locale";
import { CommandsDocument } from "./commands.generated";
import classes from "./commands.module.css";
import { messages } from "./messages";
import { PAGES } from "./navigation";
import { useSession, useWords } from "./session";

const SEARCH_DELAY_MILLISECONDS = 150;
const [store, { open }] = createSpotlight();

/** The command palette: pages by name, and releases by what one remembers of them. */
export default function Commands({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const word = useWords();
  const { can } = useSession();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), SEARCH_DELAY_MILLISECONDS);
  const [{ data }] = useQuery({ query: CommandsDocument, variables: { search }, pause: search.length < 2 });
  useEffect(open, []);

  const pages = PAGES.filter(({ permission }) => !permission || can(permission)).filter(({ name }) =>
    t.pages[name].toLowerCase().includes(typed.trim().toLowerCase()),
  );
  const releases = search.length < 2 ? [] : (data?.releases?.edges ?? []);
  const shown = [...pages.map(({ to }) => to), ...releases.map(({ node }) => node.id)].join();
  useEffect(selectFirst, [shown]);
  return (
    <Spotlight.Root
      store={store}
      query={typed}
      onQueryChange={setTyped}
      onSpotlightClose={onClose}
      shortcut={null}
      classNames={{ actionDescription: classes.description }}
      attributes={{ content: { "aria-label": t.commands } }}
      scrollable
      maxHeight="60vh"
    >
      <Spotlight.Search
        placeholder={t.commandsHint}
        aria-label={t.commands}
        leftSection={<IconSearch size={20} />}
      />
      <Spotlight.ActionsList>
        {pages.map(({ name, to, icon: Icon, keys }) => (
          <Spotlight.Action
            key={to}
            label={t.pages[name]}
            description={keys ?? ""}
            leftSection={<Icon size={20} />}
            onClick={() => navigate({ to })}
          />
        ))}
        {releases.map(({ node: { id, name, version, status } }) => (
          <Spotlight.Action
            key={id}
            label={[name, version].filter(Boolean).join(" ")}
            description={word("statuses", status)}
            leftSection={<IconRocket size={20} />}
            onClick={() => navigate({ to: "/releases/$id", params: { id } })}
          />
        ))}
        {pages.length + releases.length === 0 && <Spotlight.Empty>{t.nothingToSearch}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

/** Selects the first of what is shown, where nothing is: Mantine does so when one types, before releases are there. */
function selectFirst(): void {
  const list = document.getElementById(store.getState().listId);
  if (!list || list.querySelector("[data-selected]")) return;
  list.querySelector("[data-action]")?.setAttribute("data-selected", "true");
  store.updateState((state) => ({ ...state, selected: 0 }));
}
