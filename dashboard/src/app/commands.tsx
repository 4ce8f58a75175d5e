import "@mantine/spotlight/styles.css";
import { useDebouncedValue } from "@mantine/hooks";
import { createSpotlight, Spotlight } from "@mantine/spotlight";
import { IconKey, IconRocket, IconSearch, IconUsersGroup, type Icon } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useQuery } from "urql";
import type { ReleaseStatus } from "@/graphql/schema.generated";
import { useMessages } from "@/i18n/locale";
import { CommandsDocument, type CommandsQuery } from "./commands.generated";
import classes from "./commands.module.css";
import { messages } from "./messages";
import { PAGES } from "./navigation";
import { useSession, useWords } from "./session";

const SEARCH_DELAY_MILLISECONDS = 150;
const [store, { open }] = createSpotlight();

/** The command palette: pages, keypairs and teams by name, and releases by what one remembers of them. */
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
  const matches = search.length < 2 ? [] : matchesOf(data, (status) => word("statuses", status), t.pages);
  const shown = [...pages.map(({ to }) => to), ...matches.map(({ id }) => id)].join();
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
        {matches.map(({ id, label, description, icon: Icon, to }) => (
          <Spotlight.Action
            key={id}
            label={label}
            description={description}
            leftSection={<Icon size={20} />}
            onClick={() => navigate({ to, params: { id } })}
          />
        ))}
        {pages.length + matches.length === 0 && <Spotlight.Empty>{t.nothingToSearch}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

interface Match {
  id: string;
  label: string;
  description: string;
  icon: Icon;
  to: "/releases/$id" | "/keypairs/$id" | "/teams/$id";
}

type PageNames = Pick<(typeof messages)["en"]["pages"], "keypairs" | "teams">;

/** Returns what the server knows by what was typed: releases first, then keypairs and teams. */
function matchesOf(
  data: CommandsQuery | undefined,
  statusName: (status: ReleaseStatus) => string,
  pages: PageNames,
): Match[] {
  const releases = (data?.releases?.edges ?? []).map(({ node: { id, name, version, status } }) => ({
    id,
    label: [name, version].filter(Boolean).join(" "),
    description: statusName(status),
    icon: IconRocket,
    to: "/releases/$id" as const,
  }));
  const keypairs = (data?.keypairs?.edges ?? []).map(({ node: { id, alias } }) => ({
    id,
    label: alias,
    description: pages.keypairs,
    icon: IconKey,
    to: "/keypairs/$id" as const,
  }));
  const teams = (data?.teams?.edges ?? []).map(({ node: { id, name } }) => ({
    id,
    label: name,
    description: pages.teams,
    icon: IconUsersGroup,
    to: "/teams/$id" as const,
  }));
  return [...releases, ...keypairs, ...teams];
}

/** Selects the first of what is shown, where nothing is: Mantine does so when one types, before releases are there. */
function selectFirst(): void {
  const list = document.getElementById(store.getState().listId);
  if (!list || list.querySelector("[data-selected]")) return;
  list.querySelector("[data-action]")?.setAttribute("data-selected", "true");
  store.updateState((state) => ({ ...state, selected: 0 }));
}
