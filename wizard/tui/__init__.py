"""The full-screen wizard, in Textual. It decides nothing: knowledge, tree, probes and renderers do.

Data flows one way: a screen shows a `Journey`, posts what the person wants, and the app answers with the next
screen. Work that may take long runs in a thread, which posts messages and never touches a widget.
"""
