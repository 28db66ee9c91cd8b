"""The dashboard: pages by Streamlit over one store, with shared editing; see `launch`."""
