"""The least that a page of Streamlit can be."""

import streamlit as st

st.title("Hello")
st.write("Welcome to Streamlit.")
