"""The line-up, a human measure: can somebody tell from a reconstruction who of six people it is?"""
