# Before a NATS server of a node starts, its notes of what its streams hold, and when of that is due, are taken away: it then
# reads all of them. By the notes it believes what a disk has changed meanwhile, finds out when somebody reads it, and from then
# on gives nothing new of that stream to anybody, without a word; and a timer whose going off the disk lost never goes off.
# (Seen with 2.15.1: index.db, sched.db and thw.db; `./odh up` does the same.)
find /data -path '*/msgs/*.db' -delete
exec nats-server --config /etc/nats/node.conf
