"""The pages behind the links in mails, where approvers decide."""
