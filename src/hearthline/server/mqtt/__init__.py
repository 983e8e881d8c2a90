"""MQTT: a listener to which devices publish, and a bridge that subscribes to a broker.

```
wire, codes, packets, replies   bytes and what they mean; no sockets
stream, connection, sessions    one client of the listener
acks, listener                  all of them
topics                          which source a topic belongs to
bridge                          the subscriber
arrivals                        what both ask of the house: who may come in, take this, keep that
```

The listener only takes in: CONNECT, PUBLISH at QoS 0 and 1, PING, DISCONNECT, of MQTT 3.1.1 and 5. Everything
else is refused as the standard says.
"""
