"""The client of Countersign: its command line, and the connection that its agent uses too."""
