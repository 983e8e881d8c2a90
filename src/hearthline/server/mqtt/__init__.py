"""MQTT: a listener to which devices publish, and a bridge that subscribes to a broker.

```
wire, codes, packets, replies   bytes and what they mean; no sockets
stream, connection, sessions    one client of the listener
house, acks, listener           all of them
arrivals, topics, door          who may come in, which source a topic is of, what a message becomes
bridge, alone                   the subscriber, and a process that is nothing else
service, tls                    both as the settings want them
```

The listener only takes in: CONNECT, PUBLISH at QoS 0 and 1, PING, DISCONNECT, of MQTT 3.1.1 and 5. Everything
else is refused as the standard says.
"""
