"""The real parts as ordinary processes: PostgreSQL, Apache Kafka and OpenBao in one folder, without Docker or root.

It owns how a part is found, started, asked whether it answers, killed, frozen and started again on the same data. It is
what `make run-real`, the tests and the benchmarks stand on. It binds to 127.0.0.1 only and is not meant for production:
one node of each, no TLS, secrets in files of mode 0600 beside the data.
"""
