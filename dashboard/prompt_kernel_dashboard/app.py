"""The dashboard's script, which Streamlit runs at every change of a session."""

from prompt_kernel_dashboard import pages

pages.show()
