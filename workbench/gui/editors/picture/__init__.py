"""The editor of labels in pictures: one canvas with tools, shared by `boxes` and `regions`.

`document` holds the labels and the choice, `canvas` paints and hears the mouse, `tools` draw, `commands` are everything
that has a key, `editor` puts it together. Nothing here keeps labels of its own: each finished change goes through
`ProjectStore.set_annotations` and is read back from there.
"""
