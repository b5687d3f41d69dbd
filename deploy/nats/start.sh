# Before a NATS server of a node starts, its notes of what its streams hold are taken away: it then reads all of them, as after
# a kill. By the notes it believes what a disk has changed meanwhile, finds out when somebody reads it, and from then on gives
# nothing new of that stream to anybody, without a word. (Seen with 2.15.1; `./odh up` does the same.)
find /data -path '*/msgs/index.db' -delete
exec nats-server --config /etc/nats/node.conf
