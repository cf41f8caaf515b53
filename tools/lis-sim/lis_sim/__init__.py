"""A laboratory's information system, simulated: sample data, and what a lab does with it.

Every action is one transaction that changes the tables of schema `lis` and writes `lis.outbox`.
"""
