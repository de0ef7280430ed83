"""The demo shop: two HTTP services, one database and faults whose causes are known."""
