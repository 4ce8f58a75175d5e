"""What the verbs do: imported when a verb is used, so that help and completion stay quick."""
