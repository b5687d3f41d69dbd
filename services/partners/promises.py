"""What partner networks are promised at every node alike, in docs/partners.md and in mails: no operator sets it."""

#: So many events may be pushed in one call.
BATCH_MAX = 100

#: A token works for so long before a new one has to be asked.
TOKEN_SECONDS = 600

#: An event waits so long for the person or organisation that it refers to.
WAIT_DAYS = 7

#: So long can be read what became of an event, and is it known when it comes again.
RECEIPTS_KEPT_DAYS = 90

#: So long can be read, or sent again, what came of what was told.
NEWS_KEPT_DAYS = 30

#: An endpoint that takes nothing is tried for so long before it is disabled.
ENDPOINT_TRIED_DAYS = 3
